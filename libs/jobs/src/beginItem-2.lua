--[[
  Asks whether an item may be sent, and writes down that it will be. What is written down and has no result when its
  runner is gone may have been carried out.
  KEYS[1]  the job
  KEYS[2]  its items under way
  ARGV[1]  runner
  ARGV[2]  index of the item
  ARGV[3]  '1' when it is to be written down
  ARGV[4]  milliseconds to keep it
  Answers 1, 0 when the job is another's by now (or gone), -1 when it is to be cancelled.
]]
local seen = redis.call('HMGET', KEYS[1], 'runner', 'cancelAsked')
if seen[1] ~= ARGV[1] then
  return 0
end
if seen[2] then
  return -1
end
if ARGV[3] == '1' then
  redis.call('HSET', KEYS[2], ARGV[2], 'sent')
  redis.call('PEXPIRE', KEYS[2], ARGV[4])
end
return 1
