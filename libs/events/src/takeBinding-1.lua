--[[
  Takes a portal whose bindings are to be looked at, and holds it.
  KEYS[1]  the portals, by when
  ARGV[1]  now, unix milliseconds
  ARGV[2]  until when it is held
  Answers it, or nothing.
]]
--- @include "dueQueue"
return takeDue(KEYS[1], ARGV[1], ARGV[2])
