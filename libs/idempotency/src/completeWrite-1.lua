--[[
  Stores the answer of a write and ends its lease.
  KEYS[1]  the record
  ARGV[1]  holder
  ARGV[2]  the sealed answer
  ARGV[3]  milliseconds to keep it
  Returns 1, or 0 when the write no longer belongs to the holder.
]]
if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[1] then
  return 0
end
redis.call('HDEL', KEYS[1], 'holder', 'leaseEndsAtMs', 'mayRunUntilMs')
redis.call('HSET', KEYS[1], 'answer', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
