--[[
  Ends the lease of a write that this holder did not send. An earlier unknown outcome stays.
  KEYS[1]  the record
  ARGV[1]  holder
  Returns 1 when the record is gone; 0 when an unknown outcome keeps it or it no longer belongs to the holder.
]]
if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[1] then
  return 0
end
if redis.call('HEXISTS', KEYS[1], 'mayRunUntilMs') == 1 then
  redis.call('HDEL', KEYS[1], 'holder', 'leaseEndsAtMs')
  return 0
end
return redis.call('DEL', KEYS[1])
