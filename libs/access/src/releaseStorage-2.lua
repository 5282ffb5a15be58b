--[[
  Releases bytes of a client's entry, or sets the bytes of the entry.
  KEYS[1]  the charges: a hash of entry → bytes, and `total`
  KEYS[2]  the entries by their expiry time
  ARGV[1]  the entry
  ARGV[2]  'less' or 'exactly'
  ARGV[3]  bytes to release, or the new bytes of the entry
  ARGV[4]  milliseconds that an entry lives after it was set
  Returns the bytes of the entry.
]]
--- @include "nowMs"
local had = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0')
local has = tonumber(ARGV[3])
if ARGV[2] == 'less' then
  has = math.max(0, had - has)
end
redis.call('HINCRBY', KEYS[1], 'total', string.format('%.0f', has - had))
if has == 0 then
  redis.call('HDEL', KEYS[1], ARGV[1])
  redis.call('ZREM', KEYS[2], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', has))
end
if has > 0 and ARGV[2] == 'exactly' then
  redis.call('ZADD', KEYS[2], nowMs() + ARGV[4], ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
  redis.call('PEXPIRE', KEYS[2], ARGV[4])
end
-- A client without entries leaves no data.
if redis.call('HLEN', KEYS[1]) <= 1 then
  redis.call('DEL', KEYS[1], KEYS[2])
end
return has
