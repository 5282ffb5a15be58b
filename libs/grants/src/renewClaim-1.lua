--[[
  Replaces what a claim holds, if the claim is still kept.
  KEYS[1]  the claims
  ARGV[1]  its id
  ARGV[2]  the sealed claim
  Answers 1, or 0 when it was dropped.
]]
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
