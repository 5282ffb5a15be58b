--[[
  Deletes a subscription with its queued messages.
  KEYS[1]  the subscriptions
  KEYS[2]  portals whose bindings are due to be compared
  KEYS[3…] the subscription's own keys
  ARGV[1]  subscription id
  ARGV[2]  now, unix milliseconds
  Returns 1, or 0 when there was none.
]]
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then
  return 0
end
for i = 3, #KEYS do
  redis.call('DEL', KEYS[i])
end
redis.call('ZADD', KEYS[2], ARGV[2], '*')
return 1
