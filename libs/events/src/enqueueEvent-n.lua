--[[
  Keeps an event for each of its subscriptions: for all of them or, when this is not run, for none.
  KEYS[1]  the subscriptions
  KEYS[2…] of each subscription: what is due, bodies, tries, dead letters
  ARGV[1]  now, unix milliseconds
  ARGV[2]  how many may wait for a subscription
  ARGV[3]  how many dead letters it may have
  ARGV[4]  the tries of one for which there was no room
  ARGV[5…] of each subscription: its id, the delivery's id, the sealed body
  Answers for each 1 when it waits, 2 when it became a dead letter, 3 when the oldest dead letter went for it,
  0 when there is no such subscription any more.
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
