--[[
  Keeps an install's claim, held by whoever brings it, if there is room.
  KEYS[1]  the claims
  KEYS[2]  when each is due
  ARGV[1]  its id
  ARGV[2]  the sealed claim
  ARGV[3]  until when it is held, unix milliseconds
  ARGV[4]  how many claims there may be
  Answers 1 when it is kept, 2 when it was kept before, 0 when there is no room.
]]
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then
  return 2
end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
return 1
