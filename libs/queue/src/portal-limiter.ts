import type { Clock, Fault } from '@b24/portal';
import { asStoreFault } from '@b24/redis';
import { type PermitLease, type PermitReport, PortalPermits } from './portal-permits';
import type { Level, Permit, Plan } from './rate-limiter';
import { PermitQueue } from './permit-queue';

/** A waiting replica polls at least this often, because its turn among the replicas lasts for a second. */
const maxPollMs = 250;
/** It polls twice per permit that drains, so that its calls are offered to peers before one of them gets the permit. */
const pollsPerPermit = 2;
const minOfferMs = 25;
/** Permits of a fast portal are leased several at a time. */
const minPollMs = 5;
/** After this many failed polls in a row, the store counts as unavailable. */
const maxFailedPolls = 3;

/** @throws Fault store_unavailable */
export type RequestLease = (plan: Plan, report: PermitReport, want: number, backOffMs: number) => Promise<PermitLease>;

export interface PortalLimiterOptions {
  readonly clock: Clock;
  readonly requestLease: RequestLease;
  /** Until when nothing may be leased, unix milliseconds. */
  readonly pausedUntilMs: () => number;
  /** Called when permits are in hand that may lapse. */
  readonly onHeld: (limiter: PortalLimiter) => void;
}

/** The rate limiter of one portal on this replica: permits in hand first, else a lease, else the queue of those that wait. */
export class PortalLimiter {
  readonly permits: PortalPermits;
  /** Acquisitions without a permit, which go before others. */
  private waiting = 0;
  private queue: PermitQueue | undefined;
  private leasing: Promise<PermitLease> | undefined;
  private lastExchange: Promise<unknown> = Promise.resolve();
  private failedPolls = 0;
  /** Until when this replica's own back-off lasts; each report repeats it, in case Redis lost it. */
  private backOffUntilMs = 0;
  private stopPolling: () => void = () => undefined;

  constructor(
    private readonly options: PortalLimiterOptions,
    plan: Plan,
  ) {
    this.permits = new PortalPermits(options.clock, plan, this.onRefund);
  }

  get level(): Level {
    return this.permits.level;
  }

  tryAcquire(): Permit | undefined {
    return this.waiting > 0 ? undefined : this.permits.take();
  }

  /** @throws Fault store_unavailable */
  async acquire(onWait?: () => void): Promise<Permit> {
    this.waiting++;
    try {
      return (await this.acquireLeased()) ?? (await this.waitInQueue(onWait));
    } finally {
      if (--this.waiting === 0) this.closeQueue();
    }
  }

  /** Reports permits to return, or that the portal exists. @throws Fault store_unavailable */
  async report(backOffMs = 0): Promise<void> {
    if (backOffMs > 0) {
      this.permits.discard();
      this.backOffUntilMs = this.options.clock.now() + backOffMs;
    }
    await this.exchange(() => 0);
  }

  /** Resolves when nothing of this portal is on its way to Redis. */
  async settle(): Promise<void> {
    await this.lastExchange.catch(() => undefined);
  }

  /** Rejects acquisitions that wait, and polls no more. */
  fail(fault: Fault): void {
    this.queue?.fail(fault);
    this.closeQueue();
  }

  /** Takes what leases grant, until one grants nothing. */
  private async acquireLeased(): Promise<Permit | undefined> {
    while (!this.queue) {
      const { granted, waitMs } = await this.lease();
      const permit = this.queue ? undefined : this.permits.take();
      if (permit) return permit;
      if (granted === 0) this.openQueue(waitMs);
    }
    return undefined;
  }

  private waitInQueue(onWait: (() => void) | undefined): Promise<Permit> {
    const queue = this.queue ?? this.openQueue(maxPollMs);
    return queue.wait(() => this.permits.take(), onWait);
  }

  private openQueue(waitMs: number): PermitQueue {
    if (this.queue) return this.queue;
    this.failedPolls = 0;
    this.pollIn(waitMs);
    return (this.queue = new PermitQueue());
  }

  private closeQueue(): void {
    this.stopPolling();
    this.queue = undefined;
  }

  private pollIn(ms: number): void {
    const offerMs = Math.max(minOfferMs, 1000 / (pollsPerPermit * this.permits.currentPlan.drainPerSecond));
    this.stopPolling();
    this.stopPolling = this.options.clock.after(Math.min(maxPollMs, offerMs, Math.max(minPollMs, ms)), this.poll);
  }

  private readonly poll = (): void => {
    this.queue?.callOnWait();
    this.lease().then(this.onPolled, this.onPollFailed);
  };

  private readonly onPolled = ({ granted, waitMs }: PermitLease): void => {
    this.failedPolls = 0;
    if (!this.queue) return;
    this.queue.admit(granted);
    this.pollIn(waitMs);
  };

  private readonly onPollFailed = (error: unknown): void => {
    if (!this.queue) return;
    if (++this.failedPolls < maxFailedPolls) {
      this.pollIn(maxPollMs);
      return;
    }
    this.fail(asStoreFault(error));
  };

  private readonly onRefund = (): void => {
    this.options.onHeld(this);
    this.queue?.admit(this.permits.available > 0 ? 1 : 0);
  };

  /** Leases permits, or joins the lease under way. */
  private lease(): Promise<PermitLease> {
    const leased = (this.leasing ??= this.exchange(() => Math.max(this.waiting, this.permits.likelyUse())).finally(
      () => (this.leasing = undefined),
    ));
    return leased;
  }

  /** One after the other, so that each report contains what the one before it brought. */
  private exchange(want: () => number): Promise<PermitLease> {
    const exchanged = this.lastExchange.then(
      () => this.send(want()),
      () => this.send(want()),
    );
    this.lastExchange = exchanged;
    return exchanged;
  }

  private async send(want: number): Promise<PermitLease> {
    const { clock, requestLease, pausedUntilMs, onHeld } = this.options;
    const pausedMs = pausedUntilMs() - clock.now();
    if (want > 0 && pausedMs > 0) return { granted: 0, left: this.permits.level.left, waitMs: pausedMs };
    const report = this.permits.report();
    const backOffMs = Math.max(0, this.backOffUntilMs - clock.now());
    try {
      const lease = await requestLease(this.permits.currentPlan, report, want, backOffMs);
      this.permits.onLease(report, lease);
      if (lease.granted > 0) onHeld(this);
      return lease;
    } catch (error) {
      this.permits.onLost(report);
      throw error;
    }
  }
}
