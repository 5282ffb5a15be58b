--[[
  Says of a job that it makes room, if nothing has changed since its runner looked who waits and who runs.
  KEYS[1]  the slots that jobs have: a hash of ticket → who has it
  KEYS[2]  a hash of client → the number of its last turn; `turns` counts changes
  ARGV[1]  the count when the caller looked
  ARGV[2]  the ticket
  ARGV[3]  who has it
  ARGV[4]  the same, as one that makes room
  Answers 1, or 0 when something has changed.
]]
if (redis.call('HGET', KEYS[2], 'turns') or '0') ~= ARGV[1] or redis.call('HGET', KEYS[1], ARGV[2]) ~= ARGV[3] then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[4])
redis.call('HINCRBY', KEYS[2], 'turns', 1)
return 1
