--[[
  Performs one step of the migration of the stored data, which one replica runs at a time.
  KEYS[1]  the schema: a hash of version, migrator, untilMs
  ARGV[1]  the calling replica
  ARGV[2]  the newest version that the caller supports
  ARGV[3]  the version to assume when none is stored
  ARGV[4]  the version to which the caller has just migrated; empty when none
  ARGV[5]  milliseconds that the caller holds the migration without another call
  Returns {version, 1 when the caller has to migrate from it, otherwise 0}.
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
