--[[
  Stores the result of an item.
  KEYS[1]  the job
  KEYS[2]  the items in progress
  KEYS[3]  the results
  KEYS[4]  the items that failed
  ARGV[1]  run id
  ARGV[2]  index of the item
  ARGV[3]  the sealed result
  ARGV[4]  the code of a failed item; empty for a good one
  ARGV[5]  maximum bytes of all results
  ARGV[6]  milliseconds to keep the record
  ARGV[7]  '1' when no later item may be sent
  Returns 1 (also for an item that has a result), 0 when another run owns the job or it is gone, -1 without room.
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
if ARGV[4] ~= '' then
  redis.call('HINCRBY', KEYS[1], 'failed', 1)
  redis.call('HINCRBY', KEYS[1], 'failed:' .. ARGV[4], 1)
  redis.call('HSET', KEYS[4], ARGV[2], ARGV[4])
  redis.call('PEXPIRE', KEYS[4], ARGV[6])
end
return 1
