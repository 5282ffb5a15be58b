--[[
  Sets fields of a portal's grant; its version stays.
  KEYS[1]  the portal's hash
  ARGV[1]  the version that must be there; empty when any will do
  ARGV[2…] field, value, field, value …; an empty value removes the field
  Returns 1, or 0 when another version (or nothing) is there.
]]
--- @include "writeFields"
local version = redis.call('HGET', KEYS[1], 'version')
if not version or (ARGV[1] ~= '' and version ~= ARGV[1]) then
  return 0
end
writeFields(KEYS[1], 2)
return 1
