--[[
  Takes offers for a trip. The replica's own are removed; others' are marked with the trip, which gets a lease.
  KEYS[1]  the portal's platform (see offerSeats.lua)
  ARGV[1]  the replica that takes them
  ARGV[2]  the trip
  ARGV[3]  how long its lease lasts, ms
  ARGV[4…] ids
  Answers the ids that were still there.
]]
local answer = {}
local mine = ARGV[1] .. '.'
local guests = false
for i = 4, #ARGV do
  local field = 'seat:' .. ARGV[i]
  local value = redis.call('HGET', KEYS[1], field)
  if value and string.sub(value, 1, 1) ~= '=' then
    answer[#answer + 1] = ARGV[i]
    if string.sub(ARGV[i], 1, #mine) == mine then
      redis.call('HDEL', KEYS[1], field)
    else
      redis.call('HSET', KEYS[1], field, '=' .. ARGV[2])
      guests = true
    end
  end
end
if guests then
  local time = redis.call('TIME')
  redis.call('HSET', KEYS[1], 'trip:' .. ARGV[2], time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3])
end
return answer
