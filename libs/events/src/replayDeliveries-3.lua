--[[
  Makes dead letters due again, with no attempts counted.
  KEYS[1]  the due queue
  KEYS[2]  attempts
  KEYS[3]  dead letters
  ARGV[1]  now, unix milliseconds
  ARGV[2]  the id of one dead letter; empty for all
  ARGV[3]  of all, those that died at or after this time, unix milliseconds
  Returns the number of dead letters that are due again.
]]
local ids = ARGV[2] == '' and redis.call('ZRANGEBYSCORE', KEYS[3], ARGV[3], '+inf') or { ARGV[2] }
local count = 0
for _, id in ipairs(ids) do
  if redis.call('ZREM', KEYS[3], id) == 1 then
    redis.call('HDEL', KEYS[2], id)
    redis.call('ZADD', KEYS[1], ARGV[1], id)
    count = count + 1
  end
end
return count
