--[[
  Cancels a job that has no run, or requests the cancellation from its run.
  KEYS[1]  the job
  KEYS[2]  the items in progress
  ARGV[1]  now, unix milliseconds
  Returns 1 when it is cancelled, 0 when its run has been asked, -1 when it is finished or gone.
]]
local seen = redis.call('HMGET', KEYS[1], 'state', 'runner')
if seen[1] ~= 'queued' and seen[1] ~= 'running' then
  return -1
end
-- Another run has to report the items that a dead run may have sent.
if seen[2] or redis.call('EXISTS', KEYS[2]) == 1 then
  redis.call('HSET', KEYS[1], 'cancelAsked', '1')
  return 0
end
redis.call('HDEL', KEYS[1], 'payload')
redis.call('HSET', KEYS[1], 'state', 'cancelled', 'finishedAtMs', ARGV[1])
return 1
