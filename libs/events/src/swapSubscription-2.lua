--[[
  Keeps a subscription, if nobody changed it meanwhile.
  KEYS[1]  the subscriptions
  KEYS[2]  portals whose bindings are to be looked at
  ARGV[1]  its id
  ARGV[2]  the sealed text that must still be there; empty for a new one
  ARGV[3]  the sealed text
  ARGV[4]  how many subscriptions there may be
  ARGV[5]  now, unix milliseconds, when the bindings of all portals are to be looked at; empty when not
  Answers 1 when it is kept, 0 when another change came first, -1 when there are too many.
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
