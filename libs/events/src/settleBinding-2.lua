--[[
  Stores the outcome of comparing a portal's bindings, unless the portal is due again already.
  KEYS[1]  the due queue of portals
  KEYS[2]  the known bindings
  ARGV[1]  portal id
  ARGV[2]  the end of the caller's hold, unix milliseconds
  ARGV[3]  when the portal is due again, unix milliseconds; empty for never
  ARGV[4]  the known bindings as JSON; empty for none
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
