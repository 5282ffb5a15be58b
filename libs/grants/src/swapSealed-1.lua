--[[
  Replaces texts of a hash that hold sealed secrets. What was changed meanwhile stays as it is.
  KEYS[1]  the hash
  ARGV[1…] field, text that must still be there, new text …
  Answers how many were replaced.
]]
local replaced = 0
for i = 1, #ARGV, 3 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2])
    replaced = replaced + 1
  end
end
return replaced
