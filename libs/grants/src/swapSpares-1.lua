--[[
  Changes a portal's spare chains, if nobody changed them before. The version stays: the pair in use is not touched.
  KEYS[1]  the portal's hash
  ARGV[1]  the list of spare chains that must be there; empty when there must be none
  ARGV[2…] field, value, field, value …; an empty value removes the field
  Answers 1, or 0 when another list is there, or no pair.
]]
if (redis.call('HGET', KEYS[1], 'spares') or '') ~= ARGV[1] or redis.call('HEXISTS', KEYS[1], 'refreshToken') == 0 then
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
