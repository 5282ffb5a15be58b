--[[
  Replaces a client, unless it was changed or deleted meanwhile. Its key ends when it would have ended.
  KEYS[1]  the client
  ARGV[1]  the expected text
  ARGV[2]  the new text
  Returns 1, or 0 when the text was different.
]]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
return 1
