import { randomBytes } from 'node:crypto';
import { type Clock, ExchangeFailure, hostNotAllowed, signatureHeaders, sleep } from '@b24/portal';
import { Poller } from '@b24/redis';
import type { Counts, Delivery, EventQueue } from './event-queue';
import { type Attempt, judgeAttempt } from './judge-attempt';
import { secretsOf, type Subscription } from './subscription';
import type { Subscriptions } from './subscriptions';

const lookEveryMs = 1000;
/** Messages under way to one target from one replica: a slow one costs these and nothing else. */
const mostAtOnce = 4;
/** Longer than a try may last: then whoever took it is taken for dead. */
const graceMs = 20_000;

/** One POST without redirects, bounded in time and size. @throws ExchangeFailure when no answer came */
export type SendToTarget = (
  url: string,
  headers: Readonly<Record<string, string>>,
  text: string,
) => Promise<{ readonly status: number; readonly retryAfter?: string }>;

/** Told of what came of messages, by subscription. */
export interface EventObserver {
  attempted(subscription: string, outcome: 'delivered' | 'failed' | 'dead' | 'gone', attempt: Attempt): void;
  /** The oldest dead letter went for a newer one. */
  lost(subscription: string): void;
  counted(counts: ReadonlyMap<string, Counts>): void;
}

export interface CourierOptions {
  readonly subscriptions: Subscriptions;
  readonly queue: EventQueue;
  readonly send: SendToTarget;
  readonly clock: Clock;
  readonly observer: EventObserver;
  /** How long one try may last. */
  readonly timeoutMs: number;
  readonly random?: () => number;
}

/**
 * Carries what waits to its targets. Every replica looks at every queue; what one has taken no other takes, unless it is
 * not heard of for longer than a try may last. One that is delivered and not written down as such is sent again.
 */
export class Courier {
  /** Carriers by subscription. */
  private readonly busy = new Map<string, number>();
  private readonly underWay = new Set<Promise<void>>();
  private readonly poller: Poller;

  constructor(private readonly options: CourierOptions) {
    this.poller = new Poller({ clock: options.clock, everyMs: lookEveryMs, run: () => this.look() });
  }

  start(): void {
    this.poller.start();
  }

  /** Something is due now. Never waits, never throws. */
  poke(): void {
    this.poller.wake();
  }

  /** Begins nothing more; what waits is another replica's. */
  stop(): void {
    this.poller.stop();
  }

  async settle(): Promise<void> {
    await Promise.allSettled(this.underWay);
  }

  /** Sends a message once, now, and tells what came of it. */
  async attempt(subscription: Subscription, message: { id: string; text: string }): Promise<Attempt> {
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

  /** A message of our own, to see whether a target takes and verifies it. */
  async test(subscription: Subscription): Promise<{ id: string; attempt: Attempt }> {
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
      if (!paused) this.sendOut(id, counts[i]?.due ?? 0);
    });
  }

  private sendOut(id: string, due: number): void {
    const before = this.busy.get(id) ?? 0;
    const now = Math.min(mostAtOnce, before + due);
    for (let carriers = before; carriers < now && !this.poller.isStopped; carriers++) {
      this.busy.set(id, carriers + 1);
      const work = this.carry(id).finally(() => {
        this.underWay.delete(work);
        this.busy.set(id, (this.busy.get(id) ?? 1) - 1);
        if (this.busy.get(id) === 0) this.busy.delete(id);
      });
      this.underWay.add(work);
    }
  }

  /** One after the other, until nothing is due. Never rejects. */
  private async carry(id: string): Promise<void> {
    const { subscriptions, queue, timeoutMs } = this.options;
    try {
      while (!this.poller.isStopped) {
        // Looked at for each: it may have been changed, paused or deleted just now.
        const subscription = await subscriptions.find(id);
        if (!subscription || subscription.paused) return;
        const delivery = await queue.take(id, timeoutMs + graceMs);
        if (!delivery) return;
        await this.deliver(subscription, delivery);
      }
    } catch {
      // The store is away; what was taken is due again when its hold is over.
    }
  }

  private async deliver(subscription: Subscription, delivery: Delivery): Promise<void> {
    const { queue, clock, observer, random = Math.random } = this.options;
    const { id } = subscription;
    const { id: messageId } = JSON.parse(delivery.text) as { id: string };
    const attempt = await this.attempt(subscription, { id: messageId, text: delivery.text });
    const attempts = delivery.attempts + 1;
    const verdict = judgeAttempt(attempt, attempts, clock.now(), random());
    const tries = { attempts, last: attempt };
    switch (verdict.kind) {
      case 'delivered':
        await this.untilWritten(delivery, () => queue.settle(delivery, { kind: 'done' }));
        observer.attempted(id, 'delivered', attempt);
        return;
      case 'gone':
        await this.options.subscriptions.change(id, { paused: 'gone' });
        await queue.settle(delivery, { kind: 'later', atMs: clock.now(), tries: { attempts: 0, last: attempt } });
        observer.attempted(id, 'gone', attempt);
        return;
      case 'later':
        await queue.settle(delivery, { kind: 'later', atMs: clock.now() + verdict.pauseMs, tries });
        observer.attempted(id, 'failed', attempt);
        return;
      case 'dead':
        if (await queue.settle(delivery, { kind: 'dead', atMs: clock.now(), tries })) observer.lost(id);
        observer.attempted(id, 'dead', attempt);
    }
  }

  /** As long as it is ours: what is not written down is sent again. */
  private async untilWritten({ heldUntilMs }: Delivery, write: () => Promise<unknown>): Promise<void> {
    const { clock } = this.options;
    for (;;) {
      try {
        await write();
        return;
      } catch (error) {
        if (this.poller.isStopped || clock.now() + lookEveryMs > heldUntilMs) throw error;
        await sleep(clock, lookEveryMs);
      }
    }
  }
}

/** For those who read it. */
export function wordsOf(attempt: Attempt): string {
  if ('status' in attempt) return `The target answered ${attempt.status}.`;
  if (attempt.failure === hostNotAllowed)
    return 'The target is not among EVENT_TARGET_HOSTS, or its name leads to an address that is not.';
  if (attempt.failure === 'QUEUE_FULL') return 'Too many events waited; this one was never sent.';
  if (attempt.failure === 'TIMEOUT') return 'The target did not answer in time.';
  return `The target could not be reached (${attempt.failure}).`;
}
