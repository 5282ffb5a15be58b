--[[
  Makes dead letters due again, as if they had never been tried.
  KEYS[1]  what is due
  KEYS[2]  tries
  KEYS[3]  dead letters
  ARGV[1]  now, unix milliseconds
  ARGV[2]  the id of one; empty for all
  Answers how many.
]]
local ids = ARGV[2] == '' and redis.call('ZRANGE', KEYS[3], 0, -1) or { ARGV[2] }
local count = 0
for _, id in ipairs(ids) do
  if redis.call('ZREM', KEYS[3], id) == 1 then
    redis.call('HDEL', KEYS[2], id)
    redis.call('ZADD', KEYS[1], ARGV[1], id)
    count = count + 1
  end
end
return count
