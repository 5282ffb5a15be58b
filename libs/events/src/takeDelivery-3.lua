--[[
  Takes what is due for longest, and holds it: it is due again when whoever took it is not heard of by then.
  KEYS[1]  what is due
  KEYS[2]  bodies
  KEYS[3]  tries
  ARGV[1]  now, unix milliseconds
  ARGV[2]  until when it is held
  Answers its id, its sealed body and its tries, or nothing when none is due.
]]
--- @include "dueQueue"
local id = takeDue(KEYS[1], ARGV[1], ARGV[2])
if not id then
  return {}
end
return { id, redis.call('HGET', KEYS[2], id) or '', redis.call('HGET', KEYS[3], id) or '' }
