--[[
  Takes a token from the rate of a client. All replicas share the bucket, and the time is that of Redis.
  KEYS[1]  the client, as JSON
  KEYS[2]  the key's use: a hash of usedAt (unix ms), tokens, filledAt (unix ms)
  ARGV[1]  capacity in tokens
  ARGV[2]  tokens per second
  Returns nothing for a deleted key, otherwise the milliseconds that the call is too early: 0 admits it.
]]
if redis.call('EXISTS', KEYS[1]) == 0 then
  return false
end
local burst, perSecond = tonumber(ARGV[1]), tonumber(ARGV[2])
--- @include "nowMs"
local now = nowMs()
local use = redis.call('HMGET', KEYS[2], 'tokens', 'filledAt')
local tokens = burst
if use[1] then
  tokens = math.min(burst, use[1] + math.max(0, now - use[2]) * perSecond / 1000)
end
-- Tolerates floating-point error, so that a caller who returns exactly at Retry-After is admitted.
local one = 1 - 1e-6
local wait = 0
if tokens >= one then
  tokens = math.max(0, tokens - 1)
else
  wait = math.ceil((one - tokens) / perSecond * 1000)
end
redis.call('HSET', KEYS[2], 'tokens', tostring(tokens), 'filledAt', string.format('%.0f', now))
-- The use of a key in its grace expires together with the key.
local life = use[1] and 0 or redis.call('PTTL', KEYS[1])
if life > 0 then
  redis.call('PEXPIRE', KEYS[2], life)
end
return wait
