--[[
  Takes the message that has been due longest, and holds it. It is due again when the hold ends without an outcome.
  KEYS[1]  the due queue
  KEYS[2]  bodies
  KEYS[3]  attempts
  ARGV[1]  now, unix milliseconds
  ARGV[2]  the end of the hold, unix milliseconds
  Returns its id, its sealed body and its attempts, or nothing when none is due.
]]
--- @include "dueQueue"
local id = takeDue(KEYS[1], ARGV[1], ARGV[2])
if not id then
  return {}
end
return { id, redis.call('HGET', KEYS[2], id) or '', redis.call('HGET', KEYS[3], id) or '' }
