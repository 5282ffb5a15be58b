import type { Cluster, Redis } from 'ioredis';

/**
 * Sets the level of a portal's permits in Redis: 0 grants a whole burst at once, and one above the capacity grants none
 * for as long as the excess takes to drain.
 */
export async function setLevel(redis: Redis | Cluster, memberId: string, level: number): Promise<void> {
  await redis.hset(`b24:{${memberId}}:permits`, { level, atMs: Date.now() });
}

/** Whether every permit of the portal that Redis knows was settled or returned. */
export async function hasNoneOutstanding(redis: Redis | Cluster, memberId: string): Promise<boolean> {
  const fields = Object.entries(await redis.hgetall(`b24:{${memberId}}:permits`));
  return fields.every(([field, text]) => !field.startsWith('replica:') || text.split(' ')[1] === '0');
}
