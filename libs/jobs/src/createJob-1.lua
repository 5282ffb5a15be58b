--[[
  Stores a new job, unless it exists.
  KEYS[1]  the job
  ARGV[1]  fingerprint of the request
  ARGV[2]  milliseconds to keep the record
  ARGV[3…] field, value, field, value …
  Returns 1 when it is new, 0 when the same job exists, -1 when a different one has this id.
]]
local there = redis.call('HGET', KEYS[1], 'fingerprint')
if there then
  return there == ARGV[1] and 0 or -1
end
redis.call('HSET', KEYS[1], 'fingerprint', ARGV[1], unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
