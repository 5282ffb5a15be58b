--[[
  Changes a portal's spare pairs unless they changed before. The version stays, because the pair in use does.
  KEYS[1]  the portal's hash
  ARGV[1]  the list of spare pairs that must be there; empty when there must be none
  ARGV[2…] field, value, field, value …; an empty value removes the field
  Returns 1, or 0 when another list is there, or no pair.
]]
--- @include "writeFields"
if (redis.call('HGET', KEYS[1], 'spares') or '') ~= ARGV[1] or redis.call('HEXISTS', KEYS[1], 'refreshToken') == 0 then
  return 0
end
writeFields(KEYS[1], 2)
return 1
