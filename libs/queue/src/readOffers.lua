--[[
  What other replicas have on offer and no trip has taken. Nobody waits any more for what a dead replica offers.
  KEYS[1]  the portal's platform (see offerSeats.lua)
  ARGV[1]  the replica that asks
  ARGV[2]  how long a replica is taken to wait after it was last heard, ms
  Answers [id, sealed offer, id, …].
]]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local answer = {}
local all = redis.call('HGETALL', KEYS[1])
local waits = {}
for i = 1, #all, 2 do
  local replica = string.match(all[i], '^replica:(.*)$')
  if replica and replica ~= ARGV[1] and now - all[i + 1] < tonumber(ARGV[2]) then
    waits[replica] = true
  end
end
for i = 1, #all, 2 do
  local name, replica = string.match(all[i], '^seat:((%w+)%..*)$')
  if name and waits[replica] and string.sub(all[i + 1], 1, 1) ~= '=' then
    answer[#answer + 1] = name
    answer[#answer + 1] = all[i + 1]
  end
end
return answer
