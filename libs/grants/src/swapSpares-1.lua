--[[
  Changes a portal's spare pairs, unless they were changed meanwhile. The version stays, because the pair in use does.
  KEYS[1]  the portal's hash
  ARGV[1]  the expected list of spare pairs; empty when none is expected
  ARGV[2…] field, value, field, value …; an empty value removes the field
  Returns 1, or 0 when the stored list is different or there is no pair.
]]
--- @include "writeFields"
if (redis.call('HGET', KEYS[1], 'spares') or '') ~= ARGV[1] or redis.call('HEXISTS', KEYS[1], 'refreshToken') == 0 then
  return 0
end
writeFields(KEYS[1], 2)
return 1
