import { randomBytes } from 'node:crypto';
import { type Clock, Fault, newSigningSecret, Secret } from '@b24/portal';
import { loadScripts, orStoreUnavailable } from '@b24/redis';
import type { Keyring, Sealer } from '@b24/seal';
import type { Cluster, Redis } from 'ioredis';
import {
  bindingsKey,
  bodiesKey,
  deadKey,
  dueKey,
  historyKey,
  subscriptionAad,
  subscriptionsKey,
  attemptsKey,
} from './event-keys';
import type { Subscription } from './subscription';

/** Maximum number of subscriptions, because every replica polls the queue of each. */
const maxSubscriptions = 100;

export type NewSubscription = Pick<Subscription, 'url' | 'events' | 'portals' | 'name'>;
export type SubscriptionUpdate = Partial<Pick<Subscription, 'url' | 'events' | 'portals'>> & {
  readonly paused?: Subscription['paused'] | null;
};

/** The sealed form. */
interface StoredSubscription extends Omit<Subscription, 'id' | 'secret' | 'former'> {
  readonly secret: string;
  readonly former?: { readonly secret: string; readonly untilMs: number };
}

/**
 * The stored subscriptions. Each is sealed as a whole, because its URL may also contain a secret. Nothing is cached, so a
 * change takes effect at once. Every method throws Fault store_unavailable if Redis does not answer.
 */
export class Subscriptions {
  private readonly run;

  private readonly seal: Sealer;

  constructor(
    private readonly redis: Redis | Cluster,
    seals: Keyring,
    private readonly clock: Clock,
  ) {
    this.seal = seals.for('subscriptions');
    this.run = loadScripts<{ swapSubscription: 1 | 0 | -1; dropSubscription: 1 | 0 }>(redis, __dirname, {
      swapSubscription: 2,
      dropSubscription: 7,
    });
  }

  /** Creates a subscription with a new secret. @throws Fault too_many_subscriptions */
  async create(wanted: NewSubscription): Promise<Subscription> {
    const id = `s_${randomBytes(8).toString('hex')}`;
    const subscription: Subscription = { id, ...wanted, createdAtMs: this.clock.now(), secret: newSigningSecret() };
    const stored = await this.swap(id, '', subscription, true);
    if (stored === -1) {
      const detail = `There are ${maxSubscriptions} subscriptions already; delete one that nobody needs.`;
      throw new Fault('too_many_subscriptions', { detail });
    }
    return subscription;
  }

  /** Returns all subscriptions, oldest first. */
  async list(): Promise<Subscription[]> {
    const all = await orStoreUnavailable(() => this.redis.hgetall(subscriptionsKey));
    const opened = Object.entries(all).map(([id, sealed]) => this.opened(id, sealed));
    return opened.sort((a, b) => a.createdAtMs - b.createdAtMs);
  }

  async find(id: string): Promise<Subscription | undefined> {
    const sealed = await orStoreUnavailable(() => this.redis.hget(subscriptionsKey, id));
    return sealed === null ? undefined : this.opened(id, sealed);
  }

  /** @throws Fault subscription_not_found */
  async get(id: string): Promise<Subscription> {
    const found = await this.find(id);
    if (!found) throw new Fault('subscription_not_found');
    return found;
  }

  /** Changes the given fields. @throws Fault subscription_not_found */
  change(id: string, { paused, ...changes }: SubscriptionUpdate): Promise<Subscription> {
    const rebind = changes.events !== undefined || changes.portals !== undefined;
    return this.rewrite(id, rebind, ({ paused: before, ...rest }) => {
      const now = paused === undefined ? before : (paused ?? undefined);
      return { ...rest, ...changes, ...(now && { paused: now }) };
    });
  }

  /**
   * Replaces the secret. The old one also signs messages during the grace period. @throws Fault subscription_not_found
   */
  rotate(id: string, graceMs: number): Promise<Subscription> {
    return this.rewrite(id, false, ({ former: _, secret, ...rest }) => ({
      ...rest,
      secret: newSigningSecret(),
      ...(graceMs > 0 && { former: { secret, untilMs: this.clock.now() + graceMs } }),
    }));
  }

  /** Deletes a subscription and its queued messages. @throws Fault subscription_not_found */
  async remove(id: string): Promise<void> {
    const own = [dueKey(id), bodiesKey(id), attemptsKey(id), deadKey(id), historyKey(id)];
    const keys = [subscriptionsKey, bindingsKey, ...own];
    const dropped = await orStoreUnavailable(() => this.run.dropSubscription(...keys, id, this.clock.now()));
    if (dropped === 0) throw new Fault('subscription_not_found');
  }

  /** Repeats the change on the current value if another writer changed it at the same time. */
  private async rewrite(
    id: string,
    rebind: boolean,
    change: (before: Subscription) => Subscription,
  ): Promise<Subscription> {
    for (;;) {
      const sealed = await orStoreUnavailable(() => this.redis.hget(subscriptionsKey, id));
      if (sealed === null) throw new Fault('subscription_not_found');
      const after = change(this.opened(id, sealed));
      if ((await this.swap(id, sealed, after, rebind)) === 1) return after;
    }
  }

  private async swap(id: string, before: string, after: Subscription, rebind: boolean): Promise<unknown> {
    const { secret, former, name, url, events, portals, createdAtMs, paused } = after;
    const stored: StoredSubscription = {
      ...(name !== undefined && { name }),
      url,
      events,
      portals,
      createdAtMs,
      ...(paused && { paused }),
      secret: secret.reveal(),
      ...(former && { former: { secret: former.secret.reveal(), untilMs: former.untilMs } }),
    };
    const sealed = this.seal.seal(new Secret(JSON.stringify(stored)), subscriptionAad(id));
    const bindAt = rebind ? this.clock.now() : '';
    return orStoreUnavailable(() =>
      this.run.swapSubscription(subscriptionsKey, bindingsKey, id, before, sealed, maxSubscriptions, bindAt),
    );
  }

  private opened(id: string, sealed: string): Subscription {
    const stored = JSON.parse(this.seal.open(sealed, subscriptionAad(id)).reveal()) as StoredSubscription;
    const { secret, former, ...rest } = stored;
    return {
      id,
      ...rest,
      secret: new Secret(secret),
      ...(former && { former: { secret: new Secret(former.secret), untilMs: former.untilMs } }),
    };
  }
}
