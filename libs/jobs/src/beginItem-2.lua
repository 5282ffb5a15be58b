--[[
  Checks whether an item may be sent, and records it as begun. An item that is recorded and has no result when its
  run has died may have been executed.
  KEYS[1]  the job
  KEYS[2]  the items in progress
  ARGV[1]  run id
  ARGV[2]  index of the item
  ARGV[3]  '1' to record the item as begun
  ARGV[4]  milliseconds to keep the record
  Returns 1, 0 when another run owns the job or it is gone, -1 when it has to be cancelled.
]]
local seen = redis.call('HMGET', KEYS[1], 'runner', 'cancelAsked')
if seen[1] ~= ARGV[1] then
  return 0
end
if seen[2] then
  return -1
end
if ARGV[3] == '1' then
  redis.call('HSET', KEYS[2], ARGV[2], 'sent')
  redis.call('PEXPIRE', KEYS[2], ARGV[4])
end
return 1
