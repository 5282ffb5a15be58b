--[[
  Writes down what came of looking at a portal's bindings, unless they are to be looked at once more already.
  KEYS[1]  the portals, by when
  KEYS[2]  what is bound
  ARGV[1]  the portal
  ARGV[2]  until when it is held by whoever tells this
  ARGV[3]  when it is to be looked at again, unix milliseconds; empty for never
  ARGV[4]  what is bound, JSON; empty for nothing
]]
--- @include "dueQueue"
if ARGV[4] == '' then
  redis.call('HDEL', KEYS[2], ARGV[1])
else
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[4])
end
if not isHeld(KEYS[1], ARGV[1], ARGV[2]) then
  return
end
if ARGV[3] == '' then
  redis.call('ZREM', KEYS[1], ARGV[1])
else
  redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
end
