--[[
  Charges bytes that are about to be stored for a client, unless they exceed its budget. Expired entries leave the count
  first, so that a charge which was never released expires by itself.
  KEYS[1]  the charges: a hash of entry → bytes, and `total`
  KEYS[2]  the entries by their expiry time
  ARGV[1]  the entry; empty for that of the current hour
  ARGV[2]  bytes to charge
  ARGV[3]  bytes that must be free; 0 for a charge that can't fail
  ARGV[4]  the budget in bytes
  ARGV[5]  milliseconds that an entry lives after its last charge
  Returns {1, the entry}, or {0, milliseconds until there is room}.
]]
--- @include "nowMs"
local now = nowMs()
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 1000)) do
  local bytes = tonumber(redis.call('HGET', KEYS[1], gone) or '0')
  redis.call('HINCRBY', KEYS[1], 'total', string.format('%.0f', 0 - bytes))
  redis.call('HDEL', KEYS[1], gone)
  redis.call('ZREM', KEYS[2], gone)
end
local missing = tonumber(redis.call('HGET', KEYS[1], 'total') or '0') + ARGV[3] - ARGV[4]
if tonumber(ARGV[3]) > 0 and missing > 0 then
  local oldest = redis.call('ZRANGE', KEYS[2], 0, 999, 'WITHSCORES')
  for i = 1, #oldest, 2 do
    missing = missing - (redis.call('HGET', KEYS[1], oldest[i]) or '0')
    if missing <= 0 then
      return { 0, math.max(1, oldest[i + 1] - now) }
    end
  end
  return { 0, tonumber(ARGV[5]) }
end
local entry = ARGV[1]
if entry == '' then
  entry = 'hour:' .. string.format('%.0f', math.floor(now / 3600000))
end
redis.call('HINCRBY', KEYS[1], entry, ARGV[2])
redis.call('HINCRBY', KEYS[1], 'total', ARGV[2])
redis.call('ZADD', KEYS[2], now + ARGV[5], entry)
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('PEXPIRE', KEYS[2], ARGV[5])
return { 1, entry }
