--[[
  Marks a job as making room, if nothing has changed since its run read the queue and the slots.
  KEYS[1]  the slots in use: a hash of ticket → job
  KEYS[2]  a hash of client → the number of its last turn; `turns` counts changes
  ARGV[1]  the count that the caller read
  ARGV[2]  the ticket
  ARGV[3]  the job that has the slot
  ARGV[4]  the same job, marked as making room
  Returns 1, or 0 when something has changed.
]]
if (redis.call('HGET', KEYS[2], 'turns') or '0') ~= ARGV[1] or redis.call('HGET', KEYS[1], ARGV[2]) ~= ARGV[3] then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[4])
redis.call('HINCRBY', KEYS[2], 'turns', 1)
return 1
