--[[
  Gives a job its place in the lists, unless its client has too many that are not finished.
  KEYS[1]  all jobs by when they were made
  KEYS[2]  those of the client
  KEYS[3]  those that are not finished: `<client> <job>`
  ARGV[1]  client
  ARGV[2]  job
  ARGV[3]  now, unix milliseconds
  ARGV[4]  milliseconds for which jobs are kept
  ARGV[5]  how many of a client may be unfinished
  Answers 1, or 0 when there are too many.
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
