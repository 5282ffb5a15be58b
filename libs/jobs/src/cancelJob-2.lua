--[[
  Ends a job that nobody runs, and asks the runner of another to end it.
  KEYS[1]  the job
  KEYS[2]  its items under way
  ARGV[1]  now, unix milliseconds
  Answers 1 when it is cancelled, 0 when its runner is asked, -1 when it is finished (or gone).
]]
local seen = redis.call('HMGET', KEYS[1], 'state', 'runner')
if seen[1] ~= 'queued' and seen[1] ~= 'running' then
  return -1
end
-- What its dead runner may have sent must be told of by another.
if seen[2] or redis.call('EXISTS', KEYS[2]) == 1 then
  redis.call('HSET', KEYS[1], 'cancelAsked', '1')
  return 0
end
redis.call('HDEL', KEYS[1], 'payload')
redis.call('HSET', KEYS[1], 'state', 'cancelled', 'finishedAtMs', ARGV[1])
return 1
