import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sealer, Seals } from '@b24/portal';
import type { Cluster, Redis } from 'ioredis';
import { appsKey, type StoredApp, appSecretContext } from './apps';
import { sealedUnder } from './seal';
import type { Resealed, SealedPlace } from './sealed-places';

type Swap = (key: string, ...args: string[]) => Promise<number>;

const fields = ['secret', 'previousSecret'] as const;

/** The secrets of every registered app, each bound to `app|<app id>|<field>`. */
export class SealedApps implements SealedPlace {
  readonly records = 'apps';
  private readonly seal: Sealer;

  constructor(
    private readonly redis: Redis | Cluster,
    seals: Seals,
  ) {
    this.seal = seals.for('apps');
    const lua = readFileSync(join(__dirname, 'swapSealed-1.lua'), 'utf8');
    redis.defineCommand('swapSealed', { numberOfKeys: 1, lua });
  }

  async keysInUse(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (const text of await this.redis.hvals(appsKey)) {
      const ids = new Set(sealedIn(text).flatMap(([, sealed]) => sealedUnder(sealed) ?? []));
      for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    return counts;
  }

  async reseal(): Promise<Resealed> {
    let changed = 0;
    let unopened = 0;
    for (const [id, text] of Object.entries(await this.redis.hgetall(appsKey))) {
      if (!sealedIn(text).some(([, sealed]) => this.seal.isStale(sealed))) continue;
      const renewed = this.renewed(id, text);
      if (renewed === undefined) unopened++;
      else if (await this.swap(appsKey, id, text, renewed)) changed++;
    }
    return { changed, unopened };
  }

  /** Undefined when one of its secrets can't be opened. */
  private renewed(id: string, text: string): string | undefined {
    try {
      const renewed = sealedIn(text).map(([field, sealed]) => [
        field,
        this.seal.renew(sealed, appSecretContext(id, field)),
      ]);
      return JSON.stringify({ ...(JSON.parse(text) as StoredApp), ...Object.fromEntries(renewed) });
    } catch {
      return undefined;
    }
  }

  private get swap(): Swap {
    return (this.redis as unknown as { swapSealed: Swap }).swapSealed.bind(this.redis);
  }
}

function sealedIn(text: string): [(typeof fields)[number], string][] {
  const kept = JSON.parse(text) as StoredApp;
  return fields.flatMap((field): [typeof field, string][] => {
    const sealed = kept[field];
    return sealed === undefined ? [] : [[field, sealed]];
  });
}
