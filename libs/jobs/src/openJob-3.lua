--[[
  Adds a job to the lists, unless its client has too many unfinished jobs.
  KEYS[1]  all jobs by the time of their creation
  KEYS[2]  the client's jobs
  KEYS[3]  the unfinished jobs: `<client> <job>`
  ARGV[1]  client
  ARGV[2]  job
  ARGV[3]  now, unix milliseconds
  ARGV[4]  milliseconds to keep a job in the lists
  ARGV[5]  maximum unfinished jobs of a client
  Returns 1, or 0 when there are too many.
]]
local gone = ARGV[3] - ARGV[4]
for i = 1, 3 do
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', gone)
end
local member, unfinished = ARGV[1] .. ' ' .. ARGV[2], 0
for _, other in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
  if other ~= member and string.sub(other, 1, #ARGV[1] + 1) == ARGV[1] .. ' ' then
    unfinished = unfinished + 1
  end
end
if unfinished >= tonumber(ARGV[5]) then
  return 0
end
redis.call('ZADD', KEYS[1], 'NX', ARGV[3], ARGV[2])
redis.call('ZADD', KEYS[2], 'NX', ARGV[3], ARGV[2])
redis.call('ZADD', KEYS[3], 'NX', ARGV[3], member)
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1
