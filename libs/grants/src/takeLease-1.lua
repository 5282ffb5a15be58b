--[[
  Acquires a lease if it is free or the holder already has it (a broken connection may resend the command).
  KEYS[1]  the lease
  ARGV[1]  holder
  ARGV[2]  milliseconds until the lease expires
  Returns 1 when the holder has the lease.
]]
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
