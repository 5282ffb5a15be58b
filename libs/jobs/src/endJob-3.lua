--[[
  Ends a job. What it was to do is forgotten, what it came to is kept.
  KEYS[1]  the job
  KEYS[2]  its items under way
  KEYS[3]  its results
  ARGV[1]  runner
  ARGV[2]  'done', 'failed' or 'cancelled'
  ARGV[3]  why, as JSON; empty when there is nothing to say
  ARGV[4]  now, unix milliseconds
  ARGV[5]  milliseconds to keep it
  Answers 1, or 0 when the job is another's by now (or gone).
]]
if redis.call('HGET', KEYS[1], 'runner') ~= ARGV[1] then
  return 0
end
redis.call('HDEL', KEYS[1], 'runner', 'payload', 'cancelAsked')
redis.call('HSET', KEYS[1], 'state', ARGV[2], 'finishedAtMs', ARGV[4])
if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[1], 'problem', ARGV[3])
end
redis.call('DEL', KEYS[2])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('PEXPIRE', KEYS[3], ARGV[5])
return 1
