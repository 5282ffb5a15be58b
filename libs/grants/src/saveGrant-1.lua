--[[
  Saves fields of a portal's grant and increments its version, unless another save came first.
  KEYS[1]  the portal's hash
  ARGV[1]  the expected version; empty when none is expected
  ARGV[2]  the expected list of spare pairs; empty when none is expected
  ARGV[3]  comma list of fields to remove first; may be empty
  ARGV[4…] field, value, field, value …
  Returns the new version, or -1 when the stored version or list is different or missing.
]]
local version = redis.call('HGET', KEYS[1], 'version') or ''
local spares = redis.call('HGET', KEYS[1], 'spares') or ''
if version ~= ARGV[1] or spares ~= ARGV[2] then
  return -1
end
for field in string.gmatch(ARGV[3], '[^,]+') do
  redis.call('HDEL', KEYS[1], field)
end
redis.call('HSET', KEYS[1], unpack(ARGV, 4))
-- A portal deleted and installed again must not get a version that an old refresh still holds.
redis.call('HSETNX', KEYS[1], 'version', redis.call('TIME')[1])
return redis.call('HINCRBY', KEYS[1], 'version', 1)
