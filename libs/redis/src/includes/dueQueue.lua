-- A due queue is a sorted set: member by when it is due, in unix milliseconds. Whoever takes a member holds it by moving its
-- due time into the future; a member whose holder dies is due again when the hold ends.

-- Takes the member that has been due longest. Returns it, or nil.
local function takeDue(queue, nowMs, heldUntilMs)
  local member = redis.call('ZRANGEBYSCORE', queue, '-inf', nowMs, 'LIMIT', 0, 1)[1]
  if member then
    redis.call('ZADD', queue, heldUntilMs, member)
  end
  return member
end

-- Returns whether the hold of this end is still in force: nobody took or woke the member since.
local function isHeld(queue, member, heldUntilMs)
  return tonumber(redis.call('ZSCORE', queue, member) or '-1') == tonumber(heldUntilMs)
end
