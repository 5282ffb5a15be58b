--[[
  Replaces the key of a client, unless the client was changed or deleted meanwhile.
  KEYS[1]  the hash of clients: id → the digests of its key and of the previous key
  ARGV[1]  client id
  ARGV[2]  the expected value
  ARGV[3]  the new value
  Returns 1, or 0 when the value was different.
]]
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
