--[[
  Saves fields of a portal's grant, if nobody saved before, and counts its version up.
  KEYS[1]  the portal's hash
  ARGV[1]  the version that must be there; empty to replace whatever is there
  ARGV[2]  comma list of fields to remove first; may be empty
  ARGV[3…] field, value, field, value …
  Answers the new version, or -1 when another version (or nothing) is there.
]]
if ARGV[1] ~= '' and redis.call('HGET', KEYS[1], 'version') ~= ARGV[1] then
  return -1
end
for field in string.gmatch(ARGV[2], '[^,]+') do
  redis.call('HDEL', KEYS[1], field)
end
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
-- A portal forgotten and installed again must not meet a version that an old refresh still holds.
redis.call('HSETNX', KEYS[1], 'version', redis.call('TIME')[1])
return redis.call('HINCRBY', KEYS[1], 'version', 1)
