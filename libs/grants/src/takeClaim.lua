--[[
  Takes the claim that is due for longest, and holds it.
  KEYS[1]  the claims
  KEYS[2]  when each is due
  ARGV[1]  now, unix milliseconds
  ARGV[2]  until when it is held
  Answers its id and the sealed claim, or nothing when none is due.
]]
local id = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[1], 'LIMIT', 0, 1)[1]
if not id then
  return {}
end
redis.call('ZADD', KEYS[2], ARGV[2], id)
return { id, redis.call('HGET', KEYS[1], id) or '' }
