--[[
  Hands a job back, so that another run continues it and this one does not count as dead.
  KEYS[1]  the job
  ARGV[1]  run id
  Returns 1, or 0 when another run owns the job or it is gone.
]]
if redis.call('HGET', KEYS[1], 'runner') ~= ARGV[1] then
  return 0
end
redis.call('HDEL', KEYS[1], 'runner')
redis.call('HSET', KEYS[1], 'state', 'queued')
return 1
