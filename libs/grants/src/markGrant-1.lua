--[[
  Sets fields of a portal's grant without counting its version up.
  KEYS[1]  the portal's hash
  ARGV[1]  the version that must be there; empty when any will do
  ARGV[2…] field, value, field, value …; an empty value removes the field
  Answers 1, or 0 when another version (or nothing) is there.
]]
local version = redis.call('HGET', KEYS[1], 'version')
if not version or (ARGV[1] ~= '' and version ~= ARGV[1]) then
  return 0
end
for i = 2, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', KEYS[1], ARGV[i])
  else
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  end
end
return 1
