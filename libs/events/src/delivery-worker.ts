import { randomBytes } from 'node:crypto';
import { type Clock, ExchangeFailure, hostNotAllowed, signatureHeaders, sleep } from '@b24/portal';
import { Poller } from '@b24/redis';
import type { DeliveryCounts, Delivery, EventQueue } from './event-queue';
import { type DeliveryAttempt, afterAttempt } from './delivery-retry';
import { secretsOf, type Subscription } from './subscription';
import type { Subscriptions } from './subscriptions';

const pollEveryMs = 1000;
/** Deliveries to one target at once per replica, so that a slow target delays only its own messages. */
const maxConcurrentPerTarget = 4;
/** How much longer than an attempt a message is held. After that its replica counts as dead. */
const holdGraceMs = 20_000;

/** One POST without redirects, bounded in time and size. @throws ExchangeFailure when no answer came */
export type SendToTarget = (
  url: string,
  headers: Readonly<Record<string, string>>,
  text: string,
) => Promise<{ readonly status: number; readonly retryAfter?: string }>;

/** Receives the outcome of every attempt, by subscription. */
export interface DeliveryObserver {
  attempted(subscription: string, outcome: 'delivered' | 'failed' | 'dead' | 'gone', attempt: DeliveryAttempt): void;
  /** The oldest dead letter was deleted for a newer one. */
  lost(subscription: string): void;
  counted(counts: ReadonlyMap<string, DeliveryCounts>): void;
}

export interface DeliveryWorkerOptions {
  readonly subscriptions: Subscriptions;
  readonly queue: EventQueue;
  readonly send: SendToTarget;
  readonly clock: Clock;
  readonly observer: DeliveryObserver;
  /** How long one attempt may take. */
  readonly timeoutMs: number;
  readonly random?: () => number;
}

/**
 * Delivers waiting messages to their targets. Every replica polls every queue; a message that one holds is taken by no
 * other until the hold ends. A message whose delivery could not be recorded is delivered again.
 */
export class DeliveryWorker {
  /** Deliveries in progress by subscription. */
  private readonly busy = new Map<string, number>();
  private readonly underWay = new Set<Promise<void>>();
  private readonly poller: Poller;

  constructor(private readonly options: DeliveryWorkerOptions) {
    this.poller = new Poller({ clock: options.clock, everyMs: pollEveryMs, run: () => this.look() });
  }

  start(): void {
    this.poller.start();
  }

  /** Looks for due messages now. Never waits, never throws. */
  wake(): void {
    this.poller.wake();
  }

  /** Takes no further message; other replicas deliver what waits. */
  stop(): void {
    this.poller.stop();
  }

  async settle(): Promise<void> {
    await Promise.allSettled(this.underWay);
  }

  /** Sends a message once and returns the outcome. */
  async attempt(subscription: Subscription, message: { id: string; text: string }): Promise<DeliveryAttempt> {
    const nowMs = this.options.clock.now();
    const headers = {
      'content-type': 'application/json',
      ...signatureHeaders(secretsOf(subscription, nowMs), message, nowMs),
    };
    try {
      return await this.options.send(subscription.url, headers, message.text);
    } catch (error) {
      if (!(error instanceof ExchangeFailure)) throw error;
      return { failure: error.reason };
    }
  }

  /** Sends a test message, to see whether the target accepts and verifies it. */
  async test(subscription: Subscription): Promise<{ id: string; attempt: DeliveryAttempt }> {
    const id = `msg_${randomBytes(16).toString('hex')}`;
    const receivedAt = new Date(this.options.clock.now()).toISOString();
    const text = JSON.stringify({ id, event: 'GATEWAY.TEST', portal: null, receivedAt, ts: null, data: {} });
    return { id, attempt: await this.attempt(subscription, { id, text }) };
  }

  private async look(): Promise<void> {
    const { subscriptions, queue, observer } = this.options;
    const all = await subscriptions.list();
    const counts = await queue.counts(all.map(({ id }) => id));
    observer.counted(new Map(all.map(({ id }, i) => [id, counts[i] ?? { due: 0, waiting: 0, dead: 0 }])));
    all.forEach(({ id, paused }, i) => {
      if (!paused) this.startDeliveries(id, counts[i]?.due ?? 0);
    });
  }

  private startDeliveries(id: string, due: number): void {
    const before = this.busy.get(id) ?? 0;
    const now = Math.min(maxConcurrentPerTarget, before + due);
    for (let workers = before; workers < now && !this.poller.isStopped; workers++) {
      this.busy.set(id, workers + 1);
      const work = this.deliverAll(id).finally(() => {
        this.underWay.delete(work);
        this.busy.set(id, (this.busy.get(id) ?? 1) - 1);
        if (this.busy.get(id) === 0) this.busy.delete(id);
      });
      this.underWay.add(work);
    }
  }

  /** Delivers one message after the other until none is due. Never rejects. */
  private async deliverAll(id: string): Promise<void> {
    const { subscriptions, queue, timeoutMs } = this.options;
    try {
      while (!this.poller.isStopped) {
        // Loaded for each message, because it may have been changed, paused or deleted meanwhile.
        const subscription = await subscriptions.find(id);
        if (!subscription || subscription.paused) return;
        const delivery = await queue.take(id, timeoutMs + holdGraceMs);
        if (!delivery) return;
        await this.deliver(subscription, delivery);
      }
    } catch {
      // Redis is down; what was taken is due again when its hold ends.
    }
  }

  private async deliver(subscription: Subscription, delivery: Delivery): Promise<void> {
    const { queue, clock, observer, random = Math.random } = this.options;
    const { id } = subscription;
    const { id: messageId } = JSON.parse(delivery.text) as { id: string };
    const attempt = await this.attempt(subscription, { id: messageId, text: delivery.text });
    const attempts = delivery.attempts + 1;
    const verdict = afterAttempt(attempt, attempts, clock.now(), random());
    const atMs = clock.now();
    const tries = { attempts, last: attempt, lastAtMs: atMs };
    switch (verdict.kind) {
      case 'delivered':
        await this.untilRecorded(delivery, () => queue.settle(delivery, { kind: 'done', atMs }));
        observer.attempted(id, 'delivered', attempt);
        return;
      case 'gone':
        await this.options.subscriptions.change(id, { paused: 'gone' });
        await queue.settle(delivery, { kind: 'later', atMs, tries: { ...tries, attempts: 0 } });
        observer.attempted(id, 'gone', attempt);
        return;
      case 'later':
        await queue.settle(delivery, { kind: 'later', atMs: atMs + verdict.pauseMs, tries });
        observer.attempted(id, 'failed', attempt);
        return;
      case 'dead':
        if (await queue.settle(delivery, { kind: 'dead', atMs, tries })) observer.lost(id);
        observer.attempted(id, 'dead', attempt);
    }
  }

  /** Retries while the hold lasts, because a delivery that is not recorded happens again. */
  private async untilRecorded({ heldUntilMs }: Delivery, write: () => Promise<unknown>): Promise<void> {
    const { clock } = this.options;
    for (;;) {
      try {
        await write();
        return;
      } catch (error) {
        if (this.poller.isStopped || clock.now() + pollEveryMs > heldUntilMs) throw error;
        await sleep(clock, pollEveryMs);
      }
    }
  }
}

/** Describes an attempt in a sentence for people. */
export function describeAttempt(attempt: DeliveryAttempt): string {
  if ('status' in attempt)
    return isRedirect(attempt.status)
      ? `The target answered ${attempt.status}; redirects are not followed.`
      : `The target answered ${attempt.status}.`;
  if (attempt.failure === hostNotAllowed)
    return 'The target is not among EVENT_TARGET_HOSTS, or its name leads to an address that is not.';
  if (attempt.failure === 'QUEUE_FULL') return 'Too many events waited; this one was never sent.';
  if (attempt.failure === 'TIMEOUT') return 'The target did not answer in time.';
  return `The target could not be reached (${attempt.failure}).`;
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400 && status !== 304;
}
