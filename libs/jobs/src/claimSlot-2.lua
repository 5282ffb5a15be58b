--[[
  Gives a ticket the slot of a job, if nothing has changed since the caller looked who waits and who runs.
  KEYS[1]  the slots that jobs have: a hash of ticket → who has it
  KEYS[2]  a hash of client → the number of its last turn; `turns` counts them
  ARGV[1]  the count when the caller looked
  ARGV[2]  the ticket
  ARGV[3]  who has it from now on
  ARGV[4]  the client
  ARGV[5]  milliseconds to keep both
  Answers 1, or 0 when something has changed.
]]
if (redis.call('HGET', KEYS[2], 'turns') or '0') ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
redis.call('HSET', KEYS[2], ARGV[4], redis.call('HINCRBY', KEYS[2], 'turns', 1))
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('PEXPIRE', KEYS[2], ARGV[5])
return 1
