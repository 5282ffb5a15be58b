--[[
  A replica says that it is here (or that it leaves), and learns who else is.
  KEYS[1]  the roll: a hash of replica id → unix milliseconds until which it counts, a blank, its words
  ARGV[1]  the replica's id
  ARGV[2]  its words; empty when it leaves
  ARGV[3]  milliseconds for which it counts
  Answers the words of every other replica that counts.
]]
--- @include "nowMs"
local now = nowMs()
if ARGV[2] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%d', now + ARGV[3]) .. ' ' .. ARGV[2])
end
local others = {}
local roll = redis.call('HGETALL', KEYS[1])
for i = 1, #roll, 2 do
  local untilMs, words = string.match(roll[i + 1], '^(%d+) (.*)$')
  if tonumber(untilMs) < now then
    redis.call('HDEL', KEYS[1], roll[i])
  elseif roll[i] ~= ARGV[1] then
    table.insert(others, words)
  end
end
return others
