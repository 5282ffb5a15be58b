--[[
  Replaces a sealed text by the same sealed anew. What was changed meanwhile stays as it is.
  KEYS[1]  the hash
  ARGV[1]  the field
  ARGV[2]  the text that must still be there
  ARGV[3]  the new text
  Answers 1 when it was replaced, else 0.
]]
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
