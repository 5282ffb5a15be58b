--[[
  Takes a portal whose bindings are due to be compared, and holds it.
  KEYS[1]  the due queue of portals
  ARGV[1]  now, unix milliseconds
  ARGV[2]  the end of the hold, unix milliseconds
  Returns the portal id, or nothing.
]]
--- @include "dueQueue"
return takeDue(KEYS[1], ARGV[1], ARGV[2])
