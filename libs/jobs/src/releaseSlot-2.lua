--[[
  Releases a slot.
  KEYS[1]  the slots in use: a hash of ticket → job
  KEYS[2]  a hash of client → the number of its last turn; `turns` counts changes
  ARGV[1]  the ticket
  ARGV[2…] the jobs that may have the slot
  Returns 1, or 0 when another job has the slot.
]]
local has = redis.call('HGET', KEYS[1], ARGV[1])
for i = 2, #ARGV do
  if has == ARGV[i] then
    redis.call('HDEL', KEYS[1], ARGV[1])
    redis.call('HINCRBY', KEYS[2], 'turns', 1)
    return 1
  end
end
return 0
