import { randomBytes } from 'node:crypto';
import { type Clock, Fault, Secret } from '@b24/portal';
import { loadScripts, orStoreUnavailable } from '@b24/redis';
import type { Keyring, Sealer } from '@b24/seal';
import type { ChainableCommander, Cluster, Redis } from 'ioredis';
import type { DeliveryAttempt } from './delivery-retry';
import type { EventMessage } from './message';
import { bodiesKey, deadKey, dueKey, bodyAad, subscriptionsKey, attemptsKey } from './event-keys';

/** Maximum dead letters of a subscription. A new one replaces the oldest. */
const maxDeadLetters = 1000;

export interface DeliveryAttempts {
  readonly attempts: number;
  readonly last?: DeliveryAttempt;
}

/** A message for a subscription, held by the replica that took it. */
export interface Delivery {
  readonly id: string;
  readonly subscription: string;
  /** The JSON body. */
  readonly text: string;
  /** Earlier attempts. */
  readonly attempts: number;
  /** Unix milliseconds at which the hold ends and the message is due again. */
  readonly heldUntilMs: number;
}

export interface DeadLetter {
  readonly id: string;
  readonly message: EventMessage;
  readonly attempts: number;
  readonly last?: DeliveryAttempt;
  /** Unix milliseconds. */
  readonly diedAtMs: number;
}

export interface DeliveryCounts {
  readonly due: number;
  readonly waiting: number;
  readonly dead: number;
}

/** The outcome of queueing an event for one subscription. lost: the oldest dead letter was deleted for it. */
export type EnqueueOutcome = 'waiting' | 'full' | 'lost' | 'gone';
const enqueueOutcomes: readonly EnqueueOutcome[] = ['gone', 'waiting', 'full', 'lost'];

export type DeliveryOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'later' | 'dead'; readonly atMs: number; readonly tries: DeliveryAttempts };

interface QueueReplies {
  enqueueEvent: number[];
  takeDelivery: [id?: string, sealed?: string, tries?: string];
  settleDelivery: 0 | 1 | 2;
  replayDeliveries: number;
}

/**
 * Queues of messages for subscriptions. Messages are sealed; each subscription has a bounded queue of its own; one replica
 * at a time holds a message. Every method throws Fault `store_unavailable` if the store does not answer.
 */
export class EventQueue {
  private readonly run;

  private readonly seal: Sealer;

  constructor(
    private readonly redis: Redis | Cluster,
    seals: Keyring,
    private readonly clock: Clock,
    /** Maximum queued messages of a subscription. */
    private readonly limit: number,
  ) {
    this.seal = seals.for('event bodies');
    this.run = loadScripts<QueueReplies>(redis, __dirname, {
      enqueueEvent: 'n',
      takeDelivery: 3,
      settleDelivery: 4,
      replayDeliveries: 3,
    });
  }

  /** Queues a message for all subscriptions or, if it throws, for none. */
  async enqueue(message: EventMessage, subscriptions: readonly string[]): Promise<EnqueueOutcome[]> {
    const text = new Secret(JSON.stringify(message));
    const keys = subscriptions.flatMap((it) => [dueKey(it), bodiesKey(it), attemptsKey(it), deadKey(it)]);
    const bodies = subscriptions.flatMap((it) => {
      const id = `d_${randomBytes(8).toString('hex')}`;
      return [it, id, this.seal.seal(text, bodyAad(it, id))];
    });
    const noRoom: DeliveryAttempts = { attempts: 0, last: { failure: 'QUEUE_FULL' } };
    const limits = [this.clock.now(), this.limit, maxDeadLetters, JSON.stringify(noRoom)];
    const all = [subscriptionsKey, ...keys];
    const replies = await orStoreUnavailable(() => this.run.enqueueEvent(all.length, ...all, ...limits, ...bodies));
    return replies.map((it) => enqueueOutcomes[it] ?? 'gone');
  }

  async take(subscription: string, holdMs: number): Promise<Delivery | undefined> {
    const keys = [dueKey(subscription), bodiesKey(subscription), attemptsKey(subscription)];
    const heldUntilMs = this.clock.now() + holdMs;
    const taken = await orStoreUnavailable(() => this.run.takeDelivery(...keys, this.clock.now(), heldUntilMs));
    const [id, sealed = '', tries = ''] = taken;
    if (id === undefined) return undefined;
    const text = this.opened(subscription, id, sealed);
    const delivery = { id, subscription, text: text ?? '', attempts: attemptsOf(tries).attempts, heldUntilMs };
    if (text !== undefined) return delivery;
    // A message that can no longer be decrypted is removed, so that it is not taken again and again.
    await this.settle(delivery, { kind: 'done' });
    return this.take(subscription, holdMs);
  }

  /** Stores the outcome of an attempt, unless another replica took the message meanwhile. Returns true if the oldest dead
   * letter was deleted for it. */
  async settle({ id, subscription, heldUntilMs }: Delivery, outcome: DeliveryOutcome): Promise<boolean> {
    const keys = [dueKey(subscription), bodiesKey(subscription), attemptsKey(subscription), deadKey(subscription)];
    const { atMs, tries } = outcome.kind === 'done' ? { atMs: 0, tries: {} } : outcome;
    const settled = [id, heldUntilMs, outcome.kind, atMs, JSON.stringify(tries), maxDeadLetters];
    return (await orStoreUnavailable(() => this.run.settleDelivery(...keys, ...settled))) === 2;
  }

  /** Returns dead letters, newest first. */
  async deadLetters(subscription: string, { from, limit }: { from: number; limit: number }): Promise<DeadLetter[]> {
    const found = await orStoreUnavailable(() =>
      this.redis.zrevrange(deadKey(subscription), from, from + limit - 1, 'WITHSCORES'),
    );
    const ids = found.filter((_, i) => i % 2 === 0);
    if (ids.length === 0) return [];
    const [bodies, tries] = await orStoreUnavailable(() =>
      Promise.all([
        this.redis.hmget(bodiesKey(subscription), ...ids),
        this.redis.hmget(attemptsKey(subscription), ...ids),
      ]),
    );
    return ids.flatMap((id, i) => {
      const text = this.opened(subscription, id, bodies[i] ?? '');
      if (text === undefined) return [];
      return {
        id,
        message: JSON.parse(text) as EventMessage,
        ...attemptsOf(tries[i] ?? ''),
        diedAtMs: Number(found[2 * i + 1]),
      };
    });
  }

  /** Makes one or all dead letters due again and returns their number. @throws Fault dead_letter_not_found */
  async replay(subscription: string, id?: string): Promise<number> {
    const keys = [dueKey(subscription), attemptsKey(subscription), deadKey(subscription)];
    const count = await orStoreUnavailable(() => this.run.replayDeliveries(...keys, this.clock.now(), id ?? ''));
    if (id !== undefined && count === 0) throw new Fault('dead_letter_not_found');
    return count;
  }

  /** Returns the counts of each subscription, in the order of the ids. */
  async counts(subscriptions: readonly string[]): Promise<DeliveryCounts[]> {
    if (subscriptions.length === 0) return [];
    const nowMs = this.clock.now();
    const pipeline = this.redis.pipeline();
    const ask = (it: string): ChainableCommander =>
      pipeline.zcount(dueKey(it), '-inf', nowMs).zcard(dueKey(it)).zcard(deadKey(it));
    subscriptions.forEach(ask);
    const answers = await orStoreUnavailable(async () => (await pipeline.exec()) ?? []);
    const [failed] = answers.find(([error]) => error !== null) ?? [];
    if (failed) throw new Fault('store_unavailable', { cause: failed });
    const numbers = answers.map(([, number]) => Number(number));
    return subscriptions.map((_, i) => {
      const [due = 0, waiting = 0, dead = 0] = numbers.slice(3 * i);
      return { due, waiting, dead };
    });
  }

  private opened(subscription: string, id: string, sealed: string): string | undefined {
    try {
      return this.seal.open(sealed, bodyAad(subscription, id)).reveal();
    } catch {
      return undefined;
    }
  }
}

function attemptsOf(text: string): DeliveryAttempts {
  return text === '' ? { attempts: 0 } : (JSON.parse(text) as DeliveryAttempts);
}
