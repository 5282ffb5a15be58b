import type { Cluster, Redis } from 'ioredis';

/**
 * Sets the level of a portal's permits in Redis: 0 grants a whole burst at once, and one above the capacity grants none
 * for as long as the excess takes to drain.
 */
export async function setLevel(redis: Redis | Cluster, memberId: string, level: number): Promise<void> {
  await redis.hset(`b24:{${memberId}}:permits`, { level, atMs: Date.now() });
}

/** Whether no replica can have a permit of the portal in hand: it reported none outstanding, or leased none for a second. */
export async function areAllUsed(redis: Redis | Cluster, memberId: string): Promise<boolean> {
  const fields = Object.entries(await redis.hgetall(`b24:{${memberId}}:permits`));
  return fields.every(([field, text]) => {
    const [, outstanding, contactAtMs] = text.split(' ').map(Number);
    return !field.startsWith('replica:') || outstanding === 0 || Number(contactAtMs) < Date.now() - 1000;
  });
}
