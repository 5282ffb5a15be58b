--[[
  Changes a portal's spare chains, if nobody changed them before. The version stays: the pair in use is not touched.
  KEYS[1]  the portal's hash
  ARGV[1]  the list of spare chains that must be there
  ARGV[2…] field, value, field, value …
  Answers 1, or 0 when another list (or none) is there.
]]
if redis.call('HGET', KEYS[1], 'spares') ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
return 1
