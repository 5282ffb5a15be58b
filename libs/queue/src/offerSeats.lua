--[[
  Puts bookings of a replica on offer for any replica's trip, and tells how its own stand.
  KEYS[1]  the portal's platform: a hash of
             replica:<replica>      when it last waited for the bucket, ms
             seat:<replica>.<n>     a sealed offer, or =<trip> once a trip has taken it
             trip:<trip>            until when the trip's lease lasts, ms
  ARGV[1]  the replica
  ARGV[2]  1 when its own departure waits at the bucket, else 0
  ARGV[3]  how long a replica is taken to wait after it was last heard, ms
  ARGV[4…] id, sealed offer, id, sealed offer …
  Answers [1 when other replicas wait, id, waiting | taken | lost, id, …]. What is lost is removed.
]]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[2] == '1' then
  redis.call('HSET', KEYS[1], 'replica:' .. ARGV[1], now)
end
for i = 4, #ARGV, 2 do
  redis.call('HSET', KEYS[1], 'seat:' .. ARGV[i], ARGV[i + 1])
end
local answer = { 0 }
local mine = ARGV[1] .. '.'
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local kind, name = string.match(all[i], '^(%a+):(.*)$')
  local value = all[i + 1]
  if kind == 'replica' and name ~= ARGV[1] then
    if now - value < tonumber(ARGV[3]) then
      answer[1] = 1
    else
      redis.call('HDEL', KEYS[1], all[i])
    end
  elseif kind == 'seat' and string.sub(name, 1, #mine) == mine then
    local state = 'waiting'
    if string.sub(value, 1, 1) == '=' then
      local lease = redis.call('HGET', KEYS[1], 'trip:' .. string.sub(value, 2))
      state = lease and tonumber(lease) > now and 'taken' or 'lost'
    end
    if state == 'lost' then
      redis.call('HDEL', KEYS[1], all[i])
    end
    answer[#answer + 1] = name
    answer[#answer + 1] = state
  elseif kind == 'trip' and now - value > 60000 then
    redis.call('HDEL', KEYS[1], all[i])
  end
end
redis.call('PEXPIRE', KEYS[1], 120000)
return answer
