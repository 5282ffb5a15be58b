--[[
  An item that was written down as under way was certainly not sent.
  KEYS[1]  the job
  KEYS[2]  its items under way
  ARGV[1]  runner
  ARGV[2]  index of the item
  Answers 1, or 0 when the job is another's by now (or gone).
]]
if redis.call('HGET', KEYS[1], 'runner') ~= ARGV[1] then
  return 0
end
redis.call('HDEL', KEYS[2], ARGV[2])
return 1
