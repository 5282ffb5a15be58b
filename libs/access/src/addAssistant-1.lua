--[[
  Lists an assistant of a client, unless the client has too many.
  KEYS[1]  the hash of a client's assistants: id → the SHA-256 that names its record
  ARGV[1]  the assistant's id
  ARGV[2]  the SHA-256 that names its record
  ARGV[3]  maximum number of assistants
  ARGV[4]  milliseconds that the hash lives after its last change
  Returns 1, or 0 when there are too many.
]]
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
