--[[
  What a portal's bucket holds now, without making one or changing it; by the same reckoning as Bottleneck's
  process_tick, mended (bottleneck-connection.ts).
  KEYS[1]  Bottleneck's settings of the bucket
  KEYS[2]  since when the portal's bucket fills, ms
  ARGV[1]  how much drips at a time
  ARGV[2]  how often it drips, ms
  Answers what is left; nil when the portal was never known here.
]]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local kept = redis.call('HMGET', KEYS[1], 'reservoir', 'running', 'lastReservoirIncrease', 'reservoirIncreaseInterval',
  'reservoirIncreaseAmount', 'reservoirIncreaseMaximum')
if not kept[1] then
  local born = redis.call('GET', KEYS[2])
  return born and math.floor((now - born) / ARGV[2]) * ARGV[1] or nil
end
local left, running, last, every, amount, maximum = tonumber(kept[1]), tonumber(kept[2]) or 0, tonumber(kept[3]),
  tonumber(kept[4]), tonumber(kept[5]), tonumber(kept[6])
if last and every and amount and now > last then
  local dripped = math.floor((now - last) / every) * amount
  left = left + math.max(0, math.min(dripped, (maximum or math.huge) - running - left))
end
return left
