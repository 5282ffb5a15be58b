--[[
  Keeps what an item came to.
  KEYS[1]  the job
  KEYS[2]  its items under way
  KEYS[3]  its results
  ARGV[1]  runner
  ARGV[2]  index of the item
  ARGV[3]  the sealed result
  ARGV[4]  'done' or 'failed': which of them it counts as
  ARGV[5]  bytes that all results may have together
  ARGV[6]  milliseconds to keep it
  ARGV[7]  '1' when nothing behind it may be sent
  Answers 1 (also when it was kept before), 0 when the job is another's by now (or gone), -1 when there is no room.
]]
if redis.call('HGET', KEYS[1], 'runner') ~= ARGV[1] then
  return 0
end
if redis.call('HEXISTS', KEYS[3], ARGV[2]) == 1 then
  return 1
end
local bytes = tonumber(redis.call('HGET', KEYS[1], 'bytes') or '0') + #ARGV[3]
if bytes > tonumber(ARGV[5]) then
  return -1
end
redis.call('HSET', KEYS[3], ARGV[2], ARGV[3])
redis.call('PEXPIRE', KEYS[3], ARGV[6])
redis.call('HDEL', KEYS[2], ARGV[2])
redis.call('HSET', KEYS[1], 'bytes', string.format('%.0f', bytes))
redis.call('HINCRBY', KEYS[1], 'done', 1)
if ARGV[7] == '1' then
  redis.call('HSET', KEYS[1], 'noMore', '1')
end
if ARGV[4] == 'failed' then
  redis.call('HINCRBY', KEYS[1], 'failed', 1)
end
return 1
