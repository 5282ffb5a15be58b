--[[
  Offers calls of a replica to its peers, and returns the state of every call that it offered.
  KEYS[1]  the portal's peers: a hash of
             replica:<replica>    when it last waited for a permit, ms
             call:<replica>.<n>   a sealed call, or =<request> once a request has claimed it
             request:<request>    until when the lease of the request lasts, ms
  ARGV[1]  the replica
  ARGV[2]  1 if the replica waits for a permit, else 0
  ARGV[3]  after this many ms without a sign of life, a replica no longer counts as waiting
  ARGV[4…] id, sealed call, id, sealed call …
  Returns [1 if peers wait, id, waiting | claimed | lost, id, …]. Lost calls are removed.
]]
--- @include "nowMs"
local now = nowMs()
if ARGV[2] == '1' then
  redis.call('HSET', KEYS[1], 'replica:' .. ARGV[1], now)
end
for i = 4, #ARGV, 2 do
  redis.call('HSET', KEYS[1], 'call:' .. ARGV[i], ARGV[i + 1])
end
local reply = { 0 }
local mine = ARGV[1] .. '.'
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local kind, name = string.match(all[i], '^(%a+):(.*)$')
  local value = all[i + 1]
  if kind == 'replica' and name ~= ARGV[1] then
    if now - value < tonumber(ARGV[3]) then
      reply[1] = 1
    else
      redis.call('HDEL', KEYS[1], all[i])
    end
  elseif kind == 'call' and string.sub(name, 1, #mine) == mine then
    local state = 'waiting'
    if string.sub(value, 1, 1) == '=' then
      local lease = redis.call('HGET', KEYS[1], 'request:' .. string.sub(value, 2))
      state = lease and tonumber(lease) > now and 'claimed' or 'lost'
    end
    if state == 'lost' then
      redis.call('HDEL', KEYS[1], all[i])
    end
    reply[#reply + 1] = name
    reply[#reply + 1] = state
  elseif kind == 'request' and now - value > 60000 then
    redis.call('HDEL', KEYS[1], all[i])
  end
end
redis.call('PEXPIRE', KEYS[1], 120000)
return reply
