import type { Seals } from '@b24/portal';
import type { Cluster, Redis } from 'ioredis';

const allKey = 'b24:{jobs}:all';
const pageSize = 200;

type Hash = Readonly<Record<string, string>>;
type Swap = (key: string, ...args: string[]) => Promise<number>;

/** What jobs are to do and what they came to, bound to `job|<id>|<field or index>`. */
export class SealedJobs {
  readonly records = 'jobs';

  /** @param keyOf the id of the key that a text is sealed under; undefined when it is no sealed text */
  constructor(
    private readonly redis: Redis | Cluster,
    private readonly seals: Seals,
    private readonly keyOf: (text: string) => string | undefined,
  ) {}

  async keysInUse(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    await this.each((_id, hashes) => {
      const ids = new Set(hashes.flatMap(([, hash]) => Object.values(hash)).flatMap((text) => this.keyOf(text) ?? []));
      for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
      return Promise.resolve();
    });
    return counts;
  }

  async reseal(): Promise<{ changed: number; unopened: number }> {
    let [changed, unopened] = [0, 0];
    await this.each(async (id, hashes) => {
      const replaced = await Promise.all(hashes.map(([key, hash]) => this.renewed(id, key, hash)));
      if (replaced.includes('changed')) changed++;
      if (replaced.includes('unopened')) unopened++;
    });
    return { changed, unopened };
  }

  private async renewed(id: string, key: string, hash: Hash): Promise<'changed' | 'unopened' | 'same'> {
    const seal = this.seals.for(key.endsWith(':results') ? 'job results' : 'jobs');
    const stale = Object.entries(hash).filter(([, text]) => seal.isStale(text));
    if (stale.length === 0) return 'same';
    try {
      const swaps = stale.flatMap(([field, text]) => [field, text, seal.renew(text, `job|${id}|${field}`)]);
      await (this.redis as unknown as { swapSealed: Swap }).swapSealed(key, ...swaps);
      return 'changed';
    } catch {
      return 'unopened';
    }
  }

  private async each(look: (id: string, hashes: [string, Hash][]) => Promise<void>): Promise<void> {
    for (let cursor = '0', over = false; !over; over = cursor === '0') {
      const [next, found] = await this.redis.zscan(allKey, cursor, 'COUNT', pageSize);
      for (const id of found.filter((_, i) => i % 2 === 0)) {
        const keys = [`b24:{${id}}:job`, `b24:{${id}}:results`];
        await look(
          id,
          await Promise.all(keys.map(async (key) => [key, await this.redis.hgetall(key)] as [string, Hash])),
        );
      }
      cursor = next;
    }
  }
}
