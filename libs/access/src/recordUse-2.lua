--[[
  Stores that a key was used, at most once a minute.
  KEYS[1]  the client, as JSON
  KEYS[2]  the key's use: a hash of usedAt (unix ms), tokens, filledAt (unix ms)
]]
-- A deleted key leaves no data.
if redis.call('EXISTS', KEYS[1]) == 0 then
  return
end
--- @include "nowMs"
local now = nowMs()
local usedAt = redis.call('HGET', KEYS[2], 'usedAt')
if usedAt and now - usedAt < 60000 then
  return
end
redis.call('HSET', KEYS[2], 'usedAt', string.format('%.0f', now))
-- The use of a key in its grace expires together with the key.
local life = redis.call('PTTL', KEYS[1])
if life > 0 then
  redis.call('PEXPIRE', KEYS[2], life)
end
