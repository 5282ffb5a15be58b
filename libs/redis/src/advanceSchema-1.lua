--[[
  One step on the way of the stored data to a newer form, taken by one replica at a time.
  KEYS[1]  the schema: a hash of version, migrator, untilMs
  ARGV[1]  who asks
  ARGV[2]  the newest version that the asker knows
  ARGV[3]  the version to begin with where nothing is said yet
  ARGV[4]  the version that the asker has just brought about; empty when none
  ARGV[5]  milliseconds that the asker may hold the migration without asking again
  Answers {version, 1 when it is the asker's to migrate from it or else 0}.
]]
--- @include "nowMs"
local now = nowMs()
redis.call('HSETNX', KEYS[1], 'version', ARGV[3])
local version = tonumber(redis.call('HGET', KEYS[1], 'version'))
local migrator = redis.call('HGET', KEYS[1], 'migrator')
local untilMs = tonumber(redis.call('HGET', KEYS[1], 'untilMs') or '0')

if ARGV[4] ~= '' and migrator == ARGV[1] and version == tonumber(ARGV[4]) - 1 then
  version = tonumber(ARGV[4])
  redis.call('HSET', KEYS[1], 'version', version)
end
if version >= tonumber(ARGV[2]) then
  if migrator == ARGV[1] then
    redis.call('HDEL', KEYS[1], 'migrator', 'untilMs')
  end
  return { version, 0 }
end
if migrator and migrator ~= ARGV[1] and untilMs > now then
  return { version, 0 }
end
redis.call('HSET', KEYS[1], 'migrator', ARGV[1], 'untilMs', string.format('%d', now + ARGV[5]))
return { version, 1 }
