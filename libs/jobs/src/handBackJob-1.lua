--[[
  A runner that ends in order leaves its job to another.
  KEYS[1]  the job
  ARGV[1]  runner
  Answers 1, or 0 when the job is another's by now (or gone).
]]
if redis.call('HGET', KEYS[1], 'runner') ~= ARGV[1] then
  return 0
end
redis.call('HDEL', KEYS[1], 'runner')
redis.call('HSET', KEYS[1], 'state', 'queued')
return 1
