--[[
  Replaces values of a hash, each only if it is still the value that the caller read.
  KEYS[1]  the hash
  ARGV[1…] field, value that must be there, new value …
  Returns how many were replaced.
]]
local replaced = 0
for i = 1, #ARGV, 3 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2])
    replaced = replaced + 1
  end
end
return replaced
