-- A due queue is a sorted set of members, scored by when each is due in unix milliseconds. A replica holds a member
-- that it took by moving its due time into the future; if the replica dies, the member is due again when the hold ends.

-- Takes the member that has been due longest. Returns it, or nil.
local function takeDue(queue, nowMs, heldUntilMs)
  local member = redis.call('ZRANGEBYSCORE', queue, '-inf', nowMs, 'LIMIT', 0, 1)[1]
  if member then
    redis.call('ZADD', queue, heldUntilMs, member)
  end
  return member
end

-- Returns whether the hold with this end is still in force: the member was neither taken nor woken since.
local function isHeld(queue, member, heldUntilMs)
  return tonumber(redis.call('ZSCORE', queue, member) or '-1') == tonumber(heldUntilMs)
end
