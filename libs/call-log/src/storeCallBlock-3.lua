--[[
  Stores a block of the call log, new or with more calls than before.
  KEYS[1]  the directory: `current`, and for each segment its times, bytes and blocks
  KEYS[2]  the blocks of a segment
  KEYS[3]  the index of the segment
  ARGV[1]  number of the segment
  ARGV[2]  number of the block, or '' for a new one
  ARGV[3]  the block
  ARGV[4]  time of its first call (unix ms)
  ARGV[5]  time of its last call (unix ms)
  ARGV[6]  its entry in `times`: 16 bytes
  ARGV[7]  its terms, or '' while it is open
  ARGV[8]  maximum blocks of a segment
  ARGV[9]  maximum bytes of a segment
  ARGV[10] maximum milliseconds of a segment
  ARGV[11] maximum bytes of all segments
  ARGV[12] milliseconds to keep a segment
  Returns the segment and the number of the block, then the segments to remove; only the current segment if the new block
  belongs there and it is another one.
]]
local directory, blocks, index = KEYS[1], KEYS[2], KEYS[3]
local segment, number = ARGV[1], tonumber(ARGV[2])
local fromMs, toMs = tonumber(ARGV[4]), tonumber(ARGV[5])
-- What Redis adds to the bytes of a block.
local overhead = 120

--- @include "nowMs"

-- Returns the times of the first and last call, bytes and blocks of a segment; nil if there is none.
local function summaryOf(name)
  local text = redis.call('HGET', directory, name)
  if not text then
    return nil
  end
  local first, last, bytes, count = text:match('^(%d+) (%d+) (%d+) (%d+)$')
  return { tonumber(first), tonumber(last), tonumber(bytes), tonumber(count) }
end

local function saveSummary(name, it)
  redis.call('HSET', directory, name, string.format('%.0f %.0f %.0f %.0f', it[1], it[2], it[3], it[4]))
end

-- Returns the number of the segment that takes new blocks, which may be new itself.
local function currentSegment()
  local current = redis.call('HGET', directory, 'current') or '0'
  local it = summaryOf(current)
  local hasRoom = it and it[4] < tonumber(ARGV[8]) and it[3] < tonumber(ARGV[9]) and toMs - it[1] < tonumber(ARGV[10])
  -- An empty segment takes its first block, however long that is.
  if hasRoom or (it and it[4] == 0) then
    return current
  end
  current = string.format('%.0f', redis.call('HINCRBY', directory, 'current', 1))
  saveSummary(current, { fromMs, toMs, 0, 0 })
  return current
end

-- Appends the terms of a closed block to their buckets. Returns the bytes added.
local function addTerms(terms, block)
  local at, added = 1, 0
  while at + 2 <= #terms do
    local bucket = string.byte(terms, at)
    local count = string.byte(terms, at + 1) * 256 + string.byte(terms, at + 2)
    local last = at + 2 + 2 * count
    local entry = block .. string.sub(terms, at + 1, last)
    redis.call('HSET', index, bucket, (redis.call('HGET', index, bucket) or '') .. entry)
    added = added + #entry
    at = last + 1
  end
  return added
end

local function withoutBlock(list, block)
  local others = {}
  for at = 1, #list - 1, 2 do
    local it = string.sub(list, at, at + 1)
    if it ~= block then
      others[#others + 1] = it
    end
  end
  return table.concat(others)
end

local summary = number and summaryOf(segment)
if not summary then
  number = nil
  local current = currentSegment()
  if current ~= segment then
    return { tonumber(current) }
  end
  summary = summaryOf(segment)
end

local open = redis.call('HGET', index, 'open') or ''
local times = redis.call('HGET', index, 'times') or ''
if not number then
  number = summary[4]
  summary[4] = number + 1
  summary[3] = summary[3] + overhead
  open = open .. struct.pack('>I2', number)
end
local block = struct.pack('>I2', number)
summary[3] = summary[3] + #ARGV[3] - redis.call('HSTRLEN', blocks, number)
redis.call('HSET', blocks, number, ARGV[3])
times = string.sub(times, 1, number * 16) .. ARGV[6] .. string.sub(times, number * 16 + 17)
if ARGV[7] ~= '' then
  summary[3] = summary[3] + addTerms(ARGV[7], block)
  open = withoutBlock(open, block)
end
redis.call('HSET', index, 'times', times, 'open', open)
summary[1] = math.min(summary[1], fromMs)
summary[2] = math.max(summary[2], toMs)
saveSummary(segment, summary)
for _, key in ipairs(KEYS) do
  redis.call('PEXPIRE', key, ARGV[12])
end

local numbers, bytes, all = {}, 0, redis.call('HGETALL', directory)
for i = 1, #all, 2 do
  local it = all[i] ~= 'current' and summaryOf(all[i])
  if it then
    numbers[#numbers + 1] = { tonumber(all[i]), it[2], it[3] }
    bytes = bytes + it[3]
  end
end
table.sort(numbers, function(a, b)
  return a[1] < b[1]
end)
local reply = { tonumber(segment), number }
local oldestMs = nowMs() - tonumber(ARGV[12])
for i = 1, #numbers - 1 do
  local it = numbers[i]
  if bytes <= tonumber(ARGV[11]) and it[2] >= oldestMs then
    break
  end
  bytes = bytes - it[3]
  reply[#reply + 1] = it[1]
end
return reply
