--[[
  Keeps a new job, unless it is there.
  KEYS[1]  the job
  ARGV[1]  fingerprint of what it is to do
  ARGV[2]  milliseconds to keep it
  ARGV[3…] field, value, field, value …
  Answers 1 when it is new, 0 when the same was there, -1 when another was.
]]
local there = redis.call('HGET', KEYS[1], 'fingerprint')
if there then
  return there == ARGV[1] and 0 or -1
end
redis.call('HSET', KEYS[1], 'fingerprint', ARGV[1], unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
