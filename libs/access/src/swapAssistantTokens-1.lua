--[[
  Replaces the tokens of an assistant, if the code or refresh token is the one that may be used next. Any other was used
  before, so that two parties have it: then the assistant ends. The former access token works until it expires.
  KEYS[1]  the assistant: a hash of about, next, access, accessUntil, former, formerUntil, tokensAt
  ARGV[1]  SHA-256 of the code or refresh token that was presented
  ARGV[2]  SHA-256 of the new refresh token
  ARGV[3]  SHA-256 of the new access token
  ARGV[4]  the present (unix ms)
  ARGV[5]  when the new access token expires (unix ms)
  ARGV[6]  milliseconds that the assistant lives without new tokens
  Returns 1; 0 when the assistant was ended; -1 when there is none.
]]
local next = redis.call('HGET', KEYS[1], 'next')
if not next then
  return -1
end
if next ~= ARGV[1] then
  redis.call('DEL', KEYS[1])
  return 0
end
local access = redis.call('HMGET', KEYS[1], 'access', 'accessUntil')
if access[1] then
  redis.call('HSET', KEYS[1], 'former', access[1], 'formerUntil', access[2])
end
redis.call('HSET', KEYS[1], 'next', ARGV[2], 'access', ARGV[3], 'accessUntil', ARGV[5], 'tokensAt', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[6])
return 1
