--[[
  Charges the commands that a client is about to send to its rate. A client without enough tokens owes the rest. All
  replicas share the bucket, and the time is that of Redis.
  KEYS[1]  the client
  KEYS[2]  the key's use: a hash of usedAt (unix ms), tokens, filledAt (unix ms)
  ARGV[1]  commands; negative to refund some
  ARGV[2]  capacity in tokens
  ARGV[3]  tokens per second
  Returns the tokens left; negative when the client owes some.
]]
-- A deleted key leaves no data.
if redis.call('EXISTS', KEYS[1]) == 0 then
  return '0'
end
local use = redis.call('HMGET', KEYS[2], 'tokens', 'filledAt')
--- @include "nowMs"
local now = nowMs()
local burst, perSecond = tonumber(ARGV[2]), tonumber(ARGV[3])
local tokens = burst
if use[1] then
  tokens = math.min(burst, use[1] + math.max(0, now - use[2]) * perSecond / 1000)
end
tokens = math.min(burst, tokens - ARGV[1])
redis.call('HSET', KEYS[2], 'tokens', string.format('%.9g', tokens), 'filledAt', string.format('%.0f', now))
return string.format('%.9g', tokens)
