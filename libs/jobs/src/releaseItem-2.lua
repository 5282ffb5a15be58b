--[[
  Removes an item that was certainly not sent from the items in progress.
  KEYS[1]  the job
  KEYS[2]  the items in progress
  ARGV[1]  run id
  ARGV[2]  index of the item
  Returns 1, or 0 when another run owns the job or it is gone.
]]
if redis.call('HGET', KEYS[1], 'runner') ~= ARGV[1] then
  return 0
end
redis.call('HDEL', KEYS[2], ARGV[2])
return 1
