--[[
  Sets fields of a portal's grant; its version stays.
  KEYS[1]  the portal's hash
  ARGV[1]  the expected version; empty for any
  ARGV[2…] field, value, field, value …; an empty value removes the field
  Returns 1, or 0 when the version is different or there is no grant.
]]
--- @include "writeFields"
local version = redis.call('HGET', KEYS[1], 'version')
if not version or (ARGV[1] ~= '' and version ~= ARGV[1]) then
  return 0
end
writeFields(KEYS[1], 2)
return 1
