--[[
  What other replicas have on offer and no trip has taken.
  KEYS[1]  the portal's platform (see offerSeats.lua)
  ARGV[1]  the replica that asks
  Answers [id, sealed offer, id, …].
]]
local answer = {}
local mine = ARGV[1] .. '.'
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local name = string.match(all[i], '^seat:(.*)$')
  if name and string.sub(name, 1, #mine) ~= mine and string.sub(all[i + 1], 1, 1) ~= '=' then
    answer[#answer + 1] = name
    answer[#answer + 1] = all[i + 1]
  end
end
return answer
