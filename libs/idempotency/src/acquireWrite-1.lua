--[[
  Acquires a write for a holder: a new one, one with an unknown outcome, or one whose holder let its lease expire.
  KEYS[1]  the record
  ARGV[1]  fingerprint of the request
  ARGV[2]  holder
  ARGV[3]  milliseconds of the lease
  ARGV[4]  the longest, in milliseconds, that a portal runs a call
  ARGV[5]  milliseconds to keep the record
  Returns {'acquired'}, {'acquired', milliseconds for which an earlier request may still run}, {'in_progress'},
  {'answered', sealed answer} or {'different_request'}.
]]
--- @include "nowMs"
local now = nowMs()
local seen = redis.call('HMGET', KEYS[1], 'fingerprint', 'answer', 'holder', 'leaseEndsAtMs', 'mayRunUntilMs')
local holder, mayRunUntil = seen[3], seen[5] and tonumber(seen[5])
if seen[1] and seen[1] ~= ARGV[1] then
  return {'different_request'}
end
if seen[2] then
  return {'answered', seen[2]}
end
if holder and holder ~= ARGV[2] then
  local leaseEnds = tonumber(seen[4])
  if leaseEnds > now then
    return {'in_progress'}
  end
  -- The holder may have sent the write just before its lease ended.
  mayRunUntil = leaseEnds + ARGV[4]
  redis.call('HSET', KEYS[1], 'mayRunUntilMs', string.format('%.0f', mayRunUntil))
end
local leaseEnds = string.format('%.0f', now + ARGV[3])
redis.call('HSET', KEYS[1], 'fingerprint', ARGV[1], 'holder', ARGV[2], 'leaseEndsAtMs', leaseEnds)
redis.call('PEXPIRE', KEYS[1], ARGV[5])
if mayRunUntil then
  return {'acquired', math.max(0, mayRunUntil - now)}
end
return {'acquired'}
