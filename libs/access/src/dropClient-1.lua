--[[
  Removes a client from the list.
  KEYS[1]  the hash of clients: id → the digests of its key and of the previous key
  ARGV[1]  client id
  Returns the removed value, or nothing.
]]
local digests = redis.call('HGET', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[1], ARGV[1])
return digests
