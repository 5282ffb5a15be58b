--[[
  Returns the permits a portal's limiter has available, without creating or changing it. Computes them as Bottleneck's
  process_tick does, with the patches of bottleneck-connection.ts.
  KEYS[1]  Bottleneck's settings of the limiter
  KEYS[2]  since when the limiter refills, ms
  ARGV[1]  permits added per refill
  ARGV[2]  interval between refills, ms
  Returns nil if the portal was never known here.
]]
--- @include "nowMs"
local now = nowMs()
local stored = redis.call('HMGET', KEYS[1], 'reservoir', 'running', 'lastReservoirIncrease', 'reservoirIncreaseInterval',
  'reservoirIncreaseAmount', 'reservoirIncreaseMaximum')
if not stored[1] then
  local since = redis.call('GET', KEYS[2])
  return since and math.floor((now - since) / ARGV[2]) * ARGV[1] or nil
end
local left, running, last, every, amount, maximum = tonumber(stored[1]), tonumber(stored[2]) or 0, tonumber(stored[3]),
  tonumber(stored[4]), tonumber(stored[5]), tonumber(stored[6])
if last and every and amount and now > last then
  local refilled = math.floor((now - last) / every) * amount
  left = left + math.max(0, math.min(refilled, (maximum or math.huge) - running - left))
end
return left
