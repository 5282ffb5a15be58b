import { randomBytes } from 'node:crypto';
import { type Clock, Fault, Secret } from '@b24/portal';
import { loadScripts, orStoreUnavailable } from '@b24/redis';
import type { Keyring, Sealer } from '@b24/seal';
import type { ChainableCommander, Cluster, Redis } from 'ioredis';
import type { DeliveryAttempt } from './delivery-retry';
import type { EventMessage } from './message';
import { bodiesKey, deadKey, dueKey, bodyAad, historyKey, subscriptionsKey, attemptsKey } from './event-keys';

/** Maximum dead letters of a subscription. A new one replaces the oldest. */
const maxDeadLetters = 1000;

export interface DeliveryAttempts {
  readonly attempts: number;
  readonly last?: DeliveryAttempt;
  /** When the last attempt ended, unix milliseconds. */
  readonly lastAtMs?: number;
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

/** A message that waits for its next attempt, or is being delivered. */
export interface WaitingDelivery extends DeliveryAttempts {
  readonly id: string;
  readonly message: EventMessage;
  /** When it is tried next; during an attempt, when the hold of the replica ends. Unix milliseconds. */
  readonly dueAtMs: number;
}

/** What came of the deliveries of a subscription. Times are unix milliseconds. */
export interface DeliveryHistory {
  readonly lastFailure?: DeliveryAttempts;
  readonly lastDeliveredAtMs?: number;
  /** When the first waiting message is tried. */
  readonly nextAttemptAtMs?: number;
}

/** A message of a sorted set. */
interface StoredMessage extends DeliveryAttempts {
  readonly id: string;
  readonly message: EventMessage;
  /** Its score, unix milliseconds. */
  readonly atMs: number;
}

export interface DeliveryCounts {
  readonly due: number;
  readonly waiting: number;
  readonly dead: number;
}

/** The outcome of queueing an event for one subscription. lost: the oldest dead letter was deleted for it. */
export type EnqueueOutcome = 'waiting' | 'full' | 'lost' | 'gone';
const enqueueOutcomes: readonly EnqueueOutcome[] = ['gone', 'waiting', 'full', 'lost'];

/** Which dead letters are replayed: one, or all that died at or after a time in unix milliseconds. */
export interface ReplaySelection {
  readonly id?: string;
  readonly sinceMs?: number;
}

export type DeliveryOutcome =
  | { readonly kind: 'done'; readonly atMs: number }
  /** It can't be read any more. */
  | { readonly kind: 'discarded' }
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
      settleDelivery: 5,
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
    await this.settle(delivery, { kind: 'discarded' });
    return this.take(subscription, holdMs);
  }

  /** Stores the outcome of an attempt, unless another replica took the message meanwhile. Returns true if the oldest dead
   * letter was deleted for it. */
  async settle({ id, subscription, heldUntilMs }: Delivery, outcome: DeliveryOutcome): Promise<boolean> {
    const own = [dueKey, bodiesKey, attemptsKey, deadKey, historyKey];
    const keys = own.map((key) => key(subscription));
    const kind = outcome.kind === 'discarded' ? 'done' : outcome.kind;
    const atMs = outcome.kind === 'discarded' ? '' : outcome.atMs;
    const tries = 'tries' in outcome ? JSON.stringify(outcome.tries) : '';
    const settled = [id, heldUntilMs, kind, atMs, tries, maxDeadLetters];
    return (await orStoreUnavailable(() => this.run.settleDelivery(...keys, ...settled))) === 2;
  }

  /** Returns dead letters, newest first. */
  async deadLetters(subscription: string, { from, limit }: { from: number; limit: number }): Promise<DeadLetter[]> {
    const found = await orStoreUnavailable(() =>
      this.redis.zrevrange(deadKey(subscription), from, from + limit - 1, 'WITHSCORES'),
    );
    return (await this.messages(subscription, found)).map(({ atMs, ...it }) => ({ ...it, diedAtMs: atMs }));
  }

  /** Returns the messages that wait, the one that is tried first before the others. */
  async deliveries(subscription: string, { from, limit }: { from: number; limit: number }): Promise<WaitingDelivery[]> {
    const found = await orStoreUnavailable(() =>
      this.redis.zrange(dueKey(subscription), `${from}`, `${from + limit - 1}`, 'WITHSCORES'),
    );
    return (await this.messages(subscription, found)).map(({ atMs, ...it }) => ({ ...it, dueAtMs: atMs }));
  }

  /**
   * Makes one dead letter due again, or all that died since a time, and returns their number.
   * @throws Fault dead_letter_not_found
   */
  async replay(subscription: string, { id, sinceMs = 0 }: ReplaySelection = {}): Promise<number> {
    const keys = [dueKey(subscription), attemptsKey(subscription), deadKey(subscription)];
    const chosen = [this.clock.now(), id ?? '', sinceMs];
    const count = await orStoreUnavailable(() => this.run.replayDeliveries(...keys, ...chosen));
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
    const numbers = (await repliesOf(pipeline)).map(Number);
    return subscriptions.map((_, i) => {
      const [due = 0, waiting = 0, dead = 0] = numbers.slice(3 * i);
      return { due, waiting, dead };
    });
  }

  /** Returns the history of each subscription, in the order of the ids. */
  async histories(subscriptions: readonly string[]): Promise<DeliveryHistory[]> {
    if (subscriptions.length === 0) return [];
    const pipeline = this.redis.pipeline();
    for (const it of subscriptions) pipeline.hgetall(historyKey(it)).zrange(dueKey(it), '0', '0', 'WITHSCORES');
    const replies = await repliesOf(pipeline);
    return subscriptions.map((_, i) => historyOf(replies[2 * i], replies[2 * i + 1]));
  }

  /** Returns messages of a sorted set; those that can't be decrypted any more are left out. @param found ids and scores */
  private async messages(subscription: string, found: readonly string[]): Promise<StoredMessage[]> {
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
      const message = JSON.parse(text) as EventMessage;
      return { id, message, ...attemptsOf(tries[i] ?? ''), atMs: Number(found[2 * i + 1]) };
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

/** Returns the replies of a pipeline in order. @throws Fault store_unavailable if one of them failed */
async function repliesOf(pipeline: ChainableCommander): Promise<unknown[]> {
  const answers = await orStoreUnavailable(async () => (await pipeline.exec()) ?? []);
  const [failed] = answers.find(([error]) => error !== null) ?? [];
  if (failed) throw new Fault('store_unavailable', { cause: failed });
  return answers.map(([, reply]) => reply);
}

function historyOf(fields: unknown, first: unknown): DeliveryHistory {
  const { failure, deliveredAtMs } = fields as { failure?: string; deliveredAtMs?: string };
  const [, nextAtMs] = first as readonly [string?, string?];
  return {
    ...(failure !== undefined && { lastFailure: attemptsOf(failure) }),
    ...(deliveredAtMs !== undefined && { lastDeliveredAtMs: Number(deliveredAtMs) }),
    ...(nextAtMs !== undefined && { nextAttemptAtMs: Number(nextAtMs) }),
  };
}

function attemptsOf(text: string): DeliveryAttempts {
  return text === '' ? { attempts: 0 } : (JSON.parse(text) as DeliveryAttempts);
}
