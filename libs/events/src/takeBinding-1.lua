--[[
  Takes a portal whose bindings are to be looked at, and holds it.
  KEYS[1]  the portals, by when
  ARGV[1]  now, unix milliseconds
  ARGV[2]  until when it is held
  Answers it, or nothing.
]]
local portal = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, 1)[1]
if portal then
  redis.call('ZADD', KEYS[1], ARGV[2], portal)
end
return portal
