--[[
  Registers a replica or removes it, and returns the others.
  KEYS[1]  the registry: a hash of replica id → unix milliseconds of its expiry, a blank, its record
  ARGV[1]  the replica's id
  ARGV[2]  its record; empty to remove it
  ARGV[3]  milliseconds until it expires
  Returns the record of every other replica that has not expired.
]]
--- @include "nowMs"
local now = nowMs()
if ARGV[2] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%d', now + ARGV[3]) .. ' ' .. ARGV[2])
end
local others = {}
local registry = redis.call('HGETALL', KEYS[1])
for i = 1, #registry, 2 do
  local untilMs, record = string.match(registry[i + 1], '^(%d+) (.*)$')
  if tonumber(untilMs) < now then
    redis.call('HDEL', KEYS[1], registry[i])
  elseif registry[i] ~= ARGV[1] then
    table.insert(others, record)
  end
end
return others
