--[[
  Takes a lease if it is free or already the holder's (a command may be sent twice over a broken connection).
  KEYS[1]  the lease
  ARGV[1]  holder
  ARGV[2]  milliseconds
  Answers 1 when the lease is the holder's.
]]
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
