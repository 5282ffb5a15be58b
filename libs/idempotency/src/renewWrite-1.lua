--[[
  Extends the holder's lease.
  KEYS[1]  the record
  ARGV[1]  holder
  ARGV[2]  milliseconds of the lease, from now
  Returns 1, or 0 when the write no longer belongs to the holder.
]]
if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[1] then
  return 0
end
--- @include "nowMs"
local now = nowMs()
redis.call('HSET', KEYS[1], 'leaseEndsAtMs', string.format('%.0f', now + ARGV[2]))
return 1
