--[[
  Stores an install's claim. When there is no room, the source with most claims loses its newest.
  KEYS[1]  the claims
  KEYS[2]  the due queue of claims
  KEYS[3]  the source of each claim
  ARGV[1]  claim id
  ARGV[2]  the sealed claim
  ARGV[3]  when it is due, unix milliseconds
  ARGV[4]  maximum number of claims
  ARGV[5]  the source of this claim
  Returns 1 when it is stored, 2 when it was stored before, 3 when another was deleted for it, 0 when its own source
  has most.
]]
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then
  return 2
end
local dropped = false
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then
  local all = redis.call('HGETALL', KEYS[3])
  local counts, sourceOf = {}, {}
  for i = 1, #all, 2 do
    sourceOf[all[i]] = all[i + 1]
    counts[all[i + 1]] = (counts[all[i + 1]] or 0) + 1
  end
  local greediest, most = ARGV[5], (counts[ARGV[5]] or 0) + 1
  for source, count in pairs(counts) do
    if count > most then
      greediest, most = source, count
    end
  end
  if greediest == ARGV[5] then
    return 0
  end
  for _, id in ipairs(redis.call('ZREVRANGE', KEYS[2], 0, -1)) do
    -- A claim that is due later than now is being verified.
    if sourceOf[id] == greediest and tonumber(redis.call('ZSCORE', KEYS[2], id)) <= tonumber(ARGV[3]) then
      redis.call('HDEL', KEYS[1], id)
      redis.call('ZREM', KEYS[2], id)
      redis.call('HDEL', KEYS[3], id)
      dropped = true
      break
    end
  end
  if not dropped then
    return 0
  end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
redis.call('HSET', KEYS[3], ARGV[1], ARGV[5])
return dropped and 3 or 1
