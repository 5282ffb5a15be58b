--[[
  Starts a run of an unfinished job. Earlier runs can no longer change the job.
  KEYS[1]  the job
  ARGV[1]  run id
  ARGV[2]  now, unix milliseconds
  ARGV[3]  milliseconds to keep the record
  Returns how many runs died without handing the job back, -1 when it is finished, -2 when there is no such job.
]]
local seen = redis.call('HMGET', KEYS[1], 'state', 'runner', 'deaths')
if not seen[1] then
  return -2
end
if seen[1] ~= 'queued' and seen[1] ~= 'running' then
  return -1
end
local deaths = tonumber(seen[3] or '0')
if seen[2] and seen[2] ~= ARGV[1] then
  deaths = redis.call('HINCRBY', KEYS[1], 'deaths', 1)
end
redis.call('HSET', KEYS[1], 'state', 'running', 'runner', ARGV[1])
redis.call('HSETNX', KEYS[1], 'startedAtMs', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return deaths
