--[[
  Assigns a slot to a job under a ticket, if nothing has changed since the caller read the queue and the slots.
  KEYS[1]  the slots in use: a hash of ticket → job
  KEYS[2]  a hash of client → the number of its last turn; `turns` counts them
  ARGV[1]  the count that the caller read
  ARGV[2]  the ticket
  ARGV[3]  the job that gets the slot
  ARGV[4]  the client
  ARGV[5]  milliseconds to keep both keys
  Returns 1, or 0 when something has changed.
]]
if (redis.call('HGET', KEYS[2], 'turns') or '0') ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
redis.call('HSET', KEYS[2], ARGV[4], redis.call('HINCRBY', KEYS[2], 'turns', 1))
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('PEXPIRE', KEYS[2], ARGV[5])
return 1
