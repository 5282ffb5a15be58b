--[[
  Takes what is due for longest, and holds it: it is due again when whoever took it is not heard of by then.
  KEYS[1]  what is due
  KEYS[2]  bodies
  KEYS[3]  tries
  ARGV[1]  now, unix milliseconds
  ARGV[2]  until when it is held
  Answers its id, its sealed body and its tries, or nothing when none is due.
]]
local id = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, 1)[1]
if not id then
  return {}
end
redis.call('ZADD', KEYS[1], ARGV[2], id)
return { id, redis.call('HGET', KEYS[2], id) or '', redis.call('HGET', KEYS[3], id) or '' }
