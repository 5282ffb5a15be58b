--[[
  Leases permits of a portal to a replica, and takes its report of those that it has. The level is what the vendor's
  counter can hold at most, once every permit and every request has arrived there.
  KEYS[1]  the portal's permits (docs/storage.md)
  ARGV[1]  capacity: the level up to which permits are leased
  ARGV[2]  drain per second
  ARGV[3]  the replica; empty to read only
  ARGV[4]  count: the permits that the replica has received, less those that it returns
  ARGV[5]  the count to assume if this Redis does not know the replica
  ARGV[6]  outstanding: its permits in hand and its unsettled requests
  ARGV[7]  floor: the outstanding ones since its last report, each drained since it was settled; at least ARGV[6]
  ARGV[8]  how many permits it wants
  ARGV[9]  how long no replica may have one, ms
  Returns the permits leased, the permits left (negative during a back-off), and ms until the replica's next permit.
]]
--- @include "nowMs"
local contactMs = 6000 -- a permit is used within a second of its lease, and arrives at most five seconds later
local countMs = 120000 -- longer than a replica remembers its count
local waiterMs = 1000
local now = nowMs()
local capacity, perMs, me = tonumber(ARGV[1]), ARGV[2] / 1000, ARGV[3]
local count, outstanding, floor, want = tonumber(ARGV[4]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])

-- A portal that this Redis does not know may have a full counter.
local level, from, drainPerMs, backOffUntil = capacity, now, perMs, 0
local mine, others, forgotten = { count = tonumber(ARGV[5]), outstanding = 0, waitsSince = 0 }, {}, {}
local stored = redis.call('HGETALL', KEYS[1])
for i = 1, #stored, 2 do
  local replica = string.match(stored[i], '^replica:(.*)')
  if replica then
    local texts = string.gmatch(stored[i + 1], '%S+')
    local entry = {
      replica = replica,
      count = tonumber(texts()),
      outstanding = tonumber(texts()),
      contactAt = math.min(now, tonumber(texts())),
      waitsSince = tonumber(texts()),
    }
    if replica == me then
      mine = entry
    elseif entry.contactAt + countMs < now then
      forgotten[#forgotten + 1] = stored[i]
    else
      others[#others + 1] = entry
    end
  elseif stored[i] == 'level' then
    level = tonumber(stored[i + 1])
  elseif stored[i] == 'atMs' then
    from = math.min(now, tonumber(stored[i + 1]))
  elseif stored[i] == 'backOffUntilMs' then
    backOffUntil = tonumber(stored[i + 1])
  elseif stored[i] == 'drainPerSecond' then
    drainPerMs = math.min(perMs, stored[i + 1] / 1000) -- the plan may have changed at any moment since
  end
end

-- Drains, but never below what may still arrive: until a replica's contact ends, what it had then.
local arriving = mine.outstanding
for _, it in ipairs(others) do
  arriving = arriving + it.outstanding
end
table.sort(others, function(a, b)
  return a.contactAt < b.contactAt
end)
local replicas, alive = 1, 0
for _, it in ipairs(others) do
  local ends = it.contactAt + contactMs
  if ends > now then
    replicas = replicas + 1
    alive = alive + it.outstanding
  elseif it.outstanding > 0 then
    if ends > from then
      level = math.max(level - (ends - from) * drainPerMs, arriving)
      from = ends
    end
    arriving = arriving - it.outstanding
  end
end
level = math.max(level - (now - from) * drainPerMs, alive + floor)

-- Permits that this Redis has forgotten in a restart count, and returned ones do not.
local change = count - mine.count
if change > 0 then
  level = math.max(level, math.min(level + change, capacity))
else
  level = level + change
end
level = math.max(level, alive + outstanding)
local backOff = tonumber(ARGV[9])
if backOff > 0 then
  backOffUntil = math.max(backOffUntil, now + backOff)
end
if backOffUntil > now then
  level = math.max(level, capacity + (backOffUntil - now) * perMs)
end

-- Waiting replicas take turns. One that has not polled for a second has gone.
local waitsSince, ahead = mine.waitsSince, 0
if want > 0 then
  if waitsSince == 0 then
    waitsSince = now
  end
  for _, it in ipairs(others) do
    if it.waitsSince > 0 and it.waitsSince < waitsSince and it.contactAt + waiterMs > now then
      ahead = ahead + 1
    end
  end
end
local free = capacity - level + 1e-6
local granted = 0
if want > 0 and free - ahead >= 1 then
  local share = math.max(1, math.floor(free / (2 * replicas)))
  granted = math.min(want, share, math.floor(free - ahead))
  waitsSince, ahead = 0, 0
end
free = free - granted
local waitMs = math.max(0, math.ceil((ahead + 1 - free) / perMs))

if me ~= '' then
  local entry = string.format('%d %d %d %d', count + granted, outstanding + granted, now, waitsSince)
  local leased = string.format('%.9f', level + granted)
  local fields = { 'level', leased, 'atMs', now, 'drainPerSecond', ARGV[2], 'replica:' .. me, entry }
  if backOff > 0 then
    fields[9], fields[10] = 'backOffUntilMs', backOffUntil
  end
  redis.call('HSET', KEYS[1], unpack(fields))
  if #forgotten > 0 then
    redis.call('HDEL', KEYS[1], unpack(forgotten))
  end
end
return { granted, math.floor(free), waitMs }
