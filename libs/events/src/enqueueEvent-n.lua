--[[
  Queues an event for all of its subscriptions in one step.
  KEYS[1]  the subscriptions
  KEYS[2…] of each subscription: the due queue, bodies, attempts, dead letters
  ARGV[1]  now, unix milliseconds
  ARGV[2]  maximum queued messages of a subscription
  ARGV[3]  maximum dead letters of a subscription
  ARGV[4]  the attempts to record for a message for which there was no room
  ARGV[5…] of each subscription: its id, the delivery's id, the sealed body
  Returns for each 1 when the message is queued, 2 when it became a dead letter, 3 when the oldest dead letter was
  deleted for it, 0 when the subscription no longer exists.
]]
local told = {}
for i = 1, (#KEYS - 1) / 4 do
  local due, bodies, tries, dead = KEYS[4 * i - 2], KEYS[4 * i - 1], KEYS[4 * i], KEYS[4 * i + 1]
  local subscription, id, body = ARGV[3 * i + 2], ARGV[3 * i + 3], ARGV[3 * i + 4]
  if redis.call('HEXISTS', KEYS[1], subscription) == 0 then
    told[i] = 0
  else
    redis.call('HSET', bodies, id, body)
    if redis.call('ZCARD', due) < tonumber(ARGV[2]) then
      redis.call('ZADD', due, ARGV[1], id)
      told[i] = 1
    else
      redis.call('HSET', tries, id, ARGV[4])
      redis.call('ZADD', dead, ARGV[1], id)
      told[i] = 2
      if redis.call('ZCARD', dead) > tonumber(ARGV[3]) then
        local oldest = redis.call('ZPOPMIN', dead)[1]
        redis.call('HDEL', bodies, oldest)
        redis.call('HDEL', tries, oldest)
        told[i] = 3
      end
    end
  end
end
return told
