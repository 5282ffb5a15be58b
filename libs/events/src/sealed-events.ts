import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sealer, Seals } from '@b24/portal';
import type { Cluster, Redis } from 'ioredis';
import { bodiesKey, placeOfBody, placeOfSubscription, subscriptionsKey } from './places';

type Swap = (key: string, field: string, before: string, after: string) => Promise<number>;

/** What is kept sealed of subscriptions: each of them, and the bodies of what waits or is dead. */
export class SealedEvents {
  readonly records = 'subscriptions and events';

  constructor(
    private readonly redis: Redis | Cluster,
    private readonly seals: Seals,
    /** The id of the key that a text is sealed under. */
    private readonly keyOf: (sealed: string) => string | undefined,
  ) {
    const lua = readFileSync(join(__dirname, 'swapSealedField-1.lua'), 'utf8');
    redis.defineCommand('swapSealedField', { numberOfKeys: 1, lua });
  }

  async keysInUse(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    await this.each((_key, _field, sealed) => {
      const id = this.keyOf(sealed);
      if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1);
    });
    return counts;
  }

  async reseal(): Promise<{ changed: number; unopened: number }> {
    let changed = 0;
    let unopened = 0;
    const { swapSealedField } = this.redis as unknown as { swapSealedField: Swap };
    await this.each(async (key, field, sealed, place) => {
      const seal = this.seals.for(key === subscriptionsKey ? 'subscriptions' : 'event bodies');
      if (!seal.isStale(sealed)) return;
      const renewed = renewedBy(seal, sealed, place);
      if (renewed === undefined) unopened++;
      else changed += await swapSealedField.call(this.redis, key, field, sealed, renewed);
    });
    return { changed, unopened };
  }

  private async each(
    look: (key: string, field: string, sealed: string, place: string) => Promise<void> | void,
  ): Promise<void> {
    const subscriptions = Object.entries(await this.redis.hgetall(subscriptionsKey));
    for (const [id, sealed] of subscriptions) {
      await look(subscriptionsKey, id, sealed, placeOfSubscription(id));
      const seen = new Set<string>();
      for (let cursor = '0', over = false; !over; over = cursor === '0') {
        const [next, found] = await this.redis.hscan(bodiesKey(id), cursor, 'COUNT', 500);
        for (let i = 0; i < found.length; i += 2) {
          const [delivery = '', body = ''] = found.slice(i, i + 2);
          // HSCAN may show one twice.
          if (!seen.has(delivery)) await look(bodiesKey(id), delivery, body, placeOfBody(id, delivery));
          seen.add(delivery);
        }
        cursor = next;
      }
    }
  }
}

/** Undefined when it can't be opened. */
function renewedBy(seal: Sealer, sealed: string, place: string): string | undefined {
  try {
    return seal.renew(sealed, place);
  } catch {
    return undefined;
  }
}
