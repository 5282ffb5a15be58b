import type { RedisServer } from './redis-server';

/**
 * All that Redis holds, to be compared byte by byte: what the gateway keeps of portals and keys as it is stored, and
 * the names of everything else. Leases and authorization states come and go, and
 * the audit log tells of what was done before.
 */
export async function memoryOf(server: RedisServer): Promise<Record<string, string>> {
  const redis = server.client();
  try {
    const names = (await redis.keys('*')).sort().filter((name) => !/:lease$|^b24:state:|^b24:audit$/.test(name));
    const held = names.map(async (name) => [name, name.startsWith('b24:') ? await redis.dumpBuffer(name) : 'there']);
    return Object.fromEntries((await Promise.all(held)).map(([name, bytes]) => [name, bytes?.toString('hex')]));
  } finally {
    redis.disconnect();
  }
}
