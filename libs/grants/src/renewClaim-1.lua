--[[
  Replaces the content of a claim, if the claim still exists.
  KEYS[1]  the claims
  ARGV[1]  claim id
  ARGV[2]  the sealed claim
  Returns 1, or 0 when the claim was removed.
]]
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
