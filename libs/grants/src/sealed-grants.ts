import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sealer, Seals } from '@b24/portal';
import type { Cluster, Redis } from 'ioredis';
import { sealedUnder } from './seal';
import type { Resealed, SealedPlace } from './sealed-places';

const portalsKey = 'b24:portals';
const grantKey = (portal: string) => `b24:{${portal}}:grant`;
/** Portals looked at in one go. */
const pageSize = 500;

type Swap = (key: string, ...args: string[]) => Promise<number>;
type Hash = Record<string, string>;

/** The secrets of every grant: each field that holds a sealed text, bound to `<member id>|<field>`. */
export class SealedGrants implements SealedPlace {
  readonly records = 'portals';
  private readonly seal: Sealer;

  constructor(
    private readonly redis: Redis | Cluster,
    seals: Seals,
  ) {
    this.seal = seals.for('grants');
    redis.defineCommand('swapSealed', {
      numberOfKeys: 1,
      lua: readFileSync(join(__dirname, 'swapSealed-1.lua'), 'utf8'),
    });
  }

  async keysInUse(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    await this.each((_portal, hash) => {
      const ids = new Set(Object.values(hash).flatMap((text) => sealedUnder(text) ?? []));
      for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
    });
    return counts;
  }

  async reseal(): Promise<Resealed> {
    let changed = 0;
    let unopened = 0;
    await this.each(async (portal, hash) => {
      const stale = Object.entries(hash).filter(([, text]) => this.seal.isStale(text));
      if (stale.length === 0) return;
      const swaps = this.renewed(portal, stale);
      const replaced = swaps && (await this.swap(grantKey(portal), ...swaps));
      if (replaced) changed++;
      if (!swaps) unopened++;
    });
    return { changed, unopened };
  }

  /** Field, old text, new text …; undefined when one of them can't be opened. */
  private renewed(portal: string, stale: [string, string][]): string[] | undefined {
    try {
      return stale.flatMap(([field, text]) => [field, text, this.seal.renew(text, `${portal}|${field}`)]);
    } catch {
      return undefined;
    }
  }

  private get swap(): Swap {
    return (this.redis as unknown as { swapSealed: Swap }).swapSealed.bind(this.redis);
  }

  /** ZSCAN shows every portal that stays in the set, some perhaps twice. */
  private async each(look: (portal: string, hash: Hash) => Promise<void> | void): Promise<void> {
    const seen = new Set<string>();
    for (let cursor = '0', over = false; !over; over = cursor === '0') {
      const [next, found] = await this.redis.zscan(portalsKey, cursor, 'COUNT', pageSize);
      const portals = found.filter((_, i) => i % 2 === 0 && !seen.has(found[i] ?? ''));
      for (const portal of portals) seen.add(portal);
      await Promise.all(portals.map(async (portal) => look(portal, await this.redis.hgetall(grantKey(portal)))));
      cursor = next;
    }
  }
}
