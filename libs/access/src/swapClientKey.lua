--[[
  Gives a client another key, unless somebody did so, or deleted the client, meanwhile.
  KEYS[1]  the hash of clients: id → the digests of its key and of the key before
  ARGV[1]  client id
  ARGV[2]  what must be there
  ARGV[3]  what replaces it
  Answers 1, or 0 when something else (or nothing) is there.
]]
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
