import type { Redis } from 'ioredis';
import type { RedisServer } from './redis-server';

/**
 * Leases, turns, authorization states and the replica registry come and go, permits lapse, and the use of a key is stored
 * later; the audit log, the call log and the history record what was done before.
 */
const passing =
  /:lease$|:permits$|:use$|:turns$|:stalled-check$|^b24:(?:state:|audit$|replicas$)|^\{b24:audit\}:refused$|^\{b24:calls\}|:history:/;

/**
 * All that Redis holds, to be compared: what the gateway keeps of portals and keys as it is stored, and the names of
 * everything else.
 */
export async function memoryOf(server: RedisServer): Promise<Record<string, string>> {
  const redis = server.client();
  try {
    const names = (await redis.keys('*')).sort().filter((name) => !passing.test(name));
    const held = names.map(async (name) => [name, name.startsWith('b24:') ? await contentOf(redis, name) : 'there']);
    return Object.fromEntries((await Promise.all(held)) as [string, string][]);
  } finally {
    redis.disconnect();
  }
}

/** Byte by byte; but the order of a hash's fields changes by itself. */
async function contentOf(redis: Redis, name: string): Promise<string> {
  if ((await redis.type(name)) !== 'hash') return (await redis.dumpBuffer(name))?.toString('hex') ?? '';
  return JSON.stringify(Object.entries(await redis.hgetall(name)).sort());
}
