--[[
  Ends the lease of a write whose outcome is unknown.
  KEYS[1]  the record
  ARGV[1]  holder
  ARGV[2]  milliseconds for which the request may still run
  ARGV[3]  milliseconds to keep the record
  Returns 1, or 0 when the write no longer belongs to the holder.
]]
if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[1] then
  return 0
end
--- @include "nowMs"
local now = nowMs()
redis.call('HDEL', KEYS[1], 'holder', 'leaseEndsAtMs')
redis.call('HSET', KEYS[1], 'mayRunUntilMs', string.format('%.0f', now + ARGV[2]))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
