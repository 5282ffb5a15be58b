--[[
  Returns the calls that other replicas offer and no request has claimed. Calls of a dead replica are skipped.
  KEYS[1]  the portal's peers (see offerCalls-1.lua)
  ARGV[1]  the replica that asks
  ARGV[2]  after this many ms without a sign of life, a replica no longer counts as waiting
  Returns [id, sealed call, id, …].
]]
--- @include "nowMs"
local now = nowMs()
local reply = {}
local all = redis.call('HGETALL', KEYS[1])
local waits = {}
for i = 1, #all, 2 do
  local replica = string.match(all[i], '^replica:(.*)$')
  if replica and replica ~= ARGV[1] and now - all[i + 1] < tonumber(ARGV[2]) then
    waits[replica] = true
  end
end
for i = 1, #all, 2 do
  local name, replica = string.match(all[i], '^call:((%w+)%..*)$')
  if name and waits[replica] and string.sub(all[i + 1], 1, 1) ~= '=' then
    reply[#reply + 1] = name
    reply[#reply + 1] = all[i + 1]
  end
end
return reply
