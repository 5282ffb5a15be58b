--[[
  Looks up the client of a key, stores the time of use (at most once a minute) and takes a token from the client's rate
  if it has one. All replicas share the bucket, and the time is that of Redis.
  KEYS[1]  the client, as JSON
  KEYS[2]  the key's use: a hash of usedAt (unix ms), tokens, filledAt (unix ms)
  Returns nothing for an unknown key, otherwise the client and the milliseconds that the call is too early: 0 admits it.
]]
local text = redis.call('GET', KEYS[1])
if not text then
  return false
end
--- @include "nowMs"
local now = nowMs()
local use = redis.call('HMGET', KEYS[2], 'usedAt', 'tokens', 'filledAt')
if not use[1] or now - use[1] >= 60000 then
  redis.call('HSET', KEYS[2], 'usedAt', string.format('%.0f', now))
  -- The use of a key in its grace expires together with the key.
  local life = redis.call('PTTL', KEYS[1])
  if life > 0 then
    redis.call('PEXPIRE', KEYS[2], life)
  end
end
if not string.find(text, '"rate"', 1, true) then
  return { text, 0 }
end
local rate = cjson.decode(text)['rate']
if not rate then
  return { text, 0 }
end
local tokens = rate.burst
if use[2] then
  tokens = math.min(rate.burst, use[2] + math.max(0, now - use[3]) * rate.perSecond / 1000)
end
-- Tolerates floating-point error, so that a caller who returns exactly at Retry-After is admitted.
local one = 1 - 1e-6
local wait = 0
if tokens >= one then
  tokens = math.max(0, tokens - 1)
else
  wait = math.ceil((one - tokens) / rate.perSecond * 1000)
end
redis.call('HSET', KEYS[2], 'tokens', tostring(tokens), 'filledAt', string.format('%.0f', now))
return { text, wait }
