--[[
  Ends a job. Keeps its results, and its payload only if something of it can be retried.
  KEYS[1]  the job
  KEYS[2]  the items in progress
  KEYS[3]  the results
  KEYS[4]  the items that failed
  ARGV[1]  run id
  ARGV[2]  'done', 'failed' or 'cancelled'
  ARGV[3]  the reason as JSON; empty for none
  ARGV[4]  now, unix milliseconds
  ARGV[5]  milliseconds to keep the record
  Returns 1, or 0 when another run owns the job or it is gone.
]]
if redis.call('HGET', KEYS[1], 'runner') ~= ARGV[1] then
  return 0
end
redis.call('HDEL', KEYS[1], 'runner', 'cancelAsked')
if ARGV[2] ~= 'failed' and not redis.call('HGET', KEYS[1], 'failed') then
  redis.call('HDEL', KEYS[1], 'payload')
end
redis.call('HSET', KEYS[1], 'state', ARGV[2], 'finishedAtMs', ARGV[4])
if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[1], 'problem', ARGV[3])
end
redis.call('DEL', KEYS[2])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('PEXPIRE', KEYS[3], ARGV[5])
redis.call('PEXPIRE', KEYS[4], ARGV[5])
return 1
