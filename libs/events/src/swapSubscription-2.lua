--[[
  Stores a subscription, unless it was changed meanwhile.
  KEYS[1]  the subscriptions
  KEYS[2]  portals whose bindings are due to be compared
  ARGV[1]  subscription id
  ARGV[2]  the expected sealed text; empty for a new subscription
  ARGV[3]  the new sealed text
  ARGV[4]  maximum number of subscriptions
  ARGV[5]  now, unix milliseconds, if the bindings of all portals become due; otherwise empty
  Returns 1 when it is stored, 0 when another change came first, -1 when there are too many.
]]
local before = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if before ~= ARGV[2] then
  return 0
end
if before == '' and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then
  return -1
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
if ARGV[5] ~= '' then
  redis.call('ZADD', KEYS[2], ARGV[5], '*')
end
return 1
