--[[
  Claims offered calls for a request. The replica's own calls are removed; remote calls are marked with the request,
  which gets a lease.
  KEYS[1]  the portal's peers (see offerCalls-1.lua)
  ARGV[1]  the replica that claims
  ARGV[2]  the request
  ARGV[3]  how long its lease lasts, ms
  ARGV[4…] ids
  Returns the ids that were still unclaimed.
]]
--- @include "nowMs"
local reply = {}
local mine = ARGV[1] .. '.'
local hasRemote = false
for i = 4, #ARGV do
  local field = 'call:' .. ARGV[i]
  local value = redis.call('HGET', KEYS[1], field)
  if value and string.sub(value, 1, 1) ~= '=' then
    reply[#reply + 1] = ARGV[i]
    if string.sub(ARGV[i], 1, #mine) == mine then
      redis.call('HDEL', KEYS[1], field)
    else
      redis.call('HSET', KEYS[1], field, '=' .. ARGV[2])
      hasRemote = true
    end
  end
end
if hasRemote then
  redis.call('HSET', KEYS[1], 'request:' .. ARGV[2], nowMs() + ARGV[3])
end
return reply
