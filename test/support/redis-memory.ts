import type { Redis } from 'ioredis';
import type { RedisServer } from './redis-server';

/**
 * All that Redis holds, to be compared: what the gateway keeps of portals and keys as it is stored, and the names of
 * everything else. Leases and authorization states come and go, and the audit log tells of what was done before.
 */
export async function memoryOf(server: RedisServer): Promise<Record<string, string>> {
  const redis = server.client();
  try {
    const names = (await redis.keys('*')).sort().filter((name) => !/:lease$|^b24:state:|^b24:audit$/.test(name));
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
