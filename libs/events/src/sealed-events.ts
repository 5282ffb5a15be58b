import { scanPages, type StoreConnection } from '@b24/redis';
import type { SealedStore, SealedText } from '@b24/seal';
import { bodiesKey, bodyAad, subscriptionAad, subscriptionsKey } from './event-keys';

const pageSize = 500;

/** Reads every subscription, and the bodies of its queued messages and dead letters. */
export class SealedEvents implements SealedStore {
  readonly records = 'subscriptions and events';

  constructor(private readonly redis: StoreConnection) {}

  async *pages(): AsyncGenerator<SealedText[][], void, undefined> {
    const subscriptions = Object.entries(await this.redis.hgetall(subscriptionsKey));
    yield subscriptions.map(([id, value]) => [
      {
        key: subscriptionsKey,
        field: id,
        value,
        sealed: value,
        purpose: 'subscriptions',
        aad: subscriptionAad(id),
      },
    ]);
    for (const [id] of subscriptions) yield* this.bodiesOf(id);
  }

  private async *bodiesOf(subscription: string): AsyncGenerator<SealedText[][], void, undefined> {
    const key = bodiesKey(subscription);
    for await (const page of scanPages((cursor) => this.redis.hscan(key, cursor, 'COUNT', pageSize)))
      yield page.map(([field, value]) => [
        { key, field, value, sealed: value, purpose: 'event bodies', aad: bodyAad(subscription, field) },
      ]);
  }
}
