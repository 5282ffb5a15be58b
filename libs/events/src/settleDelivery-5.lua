--[[
  Stores the outcome of a delivery attempt.
  KEYS[1]  the due queue
  KEYS[2]  bodies
  KEYS[3]  attempts
  KEYS[4]  dead letters
  KEYS[5]  the subscription's history
  ARGV[1]  delivery id
  ARGV[2]  the end of the caller's hold, unix milliseconds
  ARGV[3]  done, later or dead
  ARGV[4]  when it is due again, became a dead letter or was delivered, unix milliseconds; empty for a message that
           is discarded
  ARGV[5]  its attempts
  ARGV[6]  maximum dead letters
  Returns 1, 2 when the oldest dead letter was deleted for it, 0 when another replica took it meanwhile.
]]
--- @include "dueQueue"
if ARGV[3] == 'done' then
  -- A deleted subscription has no queue, and gets no history either.
  if redis.call('ZREM', KEYS[1], ARGV[1]) == 1 and ARGV[4] ~= '' then
    redis.call('HSET', KEYS[5], 'deliveredAtMs', ARGV[4])
  end
  redis.call('ZREM', KEYS[4], ARGV[1])
  redis.call('HDEL', KEYS[2], ARGV[1])
  redis.call('HDEL', KEYS[3], ARGV[1])
  return 1
end
if not isHeld(KEYS[1], ARGV[1], ARGV[2]) then
  return 0
end
redis.call('HSET', KEYS[3], ARGV[1], ARGV[5])
redis.call('HSET', KEYS[5], 'failure', ARGV[5])
if ARGV[3] == 'later' then
  redis.call('ZADD', KEYS[1], ARGV[4], ARGV[1])
  return 1
end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[4], ARGV[4], ARGV[1])
if redis.call('ZCARD', KEYS[4]) > tonumber(ARGV[6]) then
  local oldest = redis.call('ZPOPMIN', KEYS[4])[1]
  redis.call('HDEL', KEYS[2], oldest)
  redis.call('HDEL', KEYS[3], oldest)
  return 2
end
return 1
