--[[
  Takes a client off the list.
  KEYS[1]  the hash of clients: id → the digests of its key and of the key before
  ARGV[1]  client id
  Answers what was there, or nothing.
]]
local digests = redis.call('HGET', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[1], ARGV[1])
return digests
