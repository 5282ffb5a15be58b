--[[
  Takes a claim that is due, and holds it. Sources take turns; of one source, the claim due longest comes first.
  KEYS[1]  the claims
  KEYS[2]  the due queue of claims
  KEYS[3]  the source of each claim
  KEYS[4]  the number of each source's last turn
  ARGV[1]  now, unix milliseconds
  ARGV[2]  the end of the hold, unix milliseconds
  Returns its id and the sealed claim, or nothing when none is due.
]]
local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[1])
if #due == 0 then
  return {}
end
local sources = redis.call('HMGET', KEYS[3], unpack(due, 1, math.min(#due, 5000)))
local looked, id, source, turn = {}, nil, nil, nil
for i, candidate in ipairs(due) do
  local its = sources[i] or ''
  if not looked[its] then
    looked[its] = true
    local last = tonumber(redis.call('HGET', KEYS[4], its) or '0')
    if not turn or last < turn then
      id, source, turn = candidate, its, last
    end
  end
end
redis.call('HSET', KEYS[4], source, redis.call('HINCRBY', KEYS[4], 'turns', 1))
redis.call('PEXPIRE', KEYS[4], 3600000)
redis.call('ZADD', KEYS[2], ARGV[2], id)
return { id, redis.call('HGET', KEYS[1], id) or '' }
