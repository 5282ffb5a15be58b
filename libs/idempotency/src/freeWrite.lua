--[[
  Ends a lease on a write that this holder did not send. A doubt from before stays.
  KEYS[1]  the record
  ARGV[1]  holder
  Answers 1 when the record is gone, 0 when it stays for its doubt or is no longer the holder's.
]]
if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[1] then
  return 0
end
if redis.call('HEXISTS', KEYS[1], 'mayRunUntilMs') == 1 then
  redis.call('HDEL', KEYS[1], 'holder', 'leaseEndsAtMs')
  return 0
end
return redis.call('DEL', KEYS[1])
