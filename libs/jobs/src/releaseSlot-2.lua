--[[
  Takes a slot back.
  KEYS[1]  the slots that jobs have: a hash of ticket → who has it
  KEYS[2]  a hash of client → the number of its last turn; `turns` counts changes
  ARGV[1]  the ticket
  ARGV[2…] who may have it
  Answers 1, or 0 when another has it by now.
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
