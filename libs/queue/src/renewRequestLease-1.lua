--[[
  Renews the lease of a request, unless it has expired.
  KEYS[1]  the portal's peers (see offerCalls-1.lua)
  ARGV[1]  the request
  ARGV[2]  how long the lease lasts, ms
]]
--- @include "nowMs"
local now = nowMs()
local lease = redis.call('HGET', KEYS[1], 'request:' .. ARGV[1])
if lease and tonumber(lease) > now then
  redis.call('HSET', KEYS[1], 'request:' .. ARGV[1], now + ARGV[2])
end
return 1
