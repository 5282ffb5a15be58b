import { randomBytes } from 'node:crypto';
import { type Clock, Fault, type PortalId } from '@b24/portal';
import { loadScripts, orStoreUnavailable } from '@b24/redis';
import type { Cluster, Redis } from 'ioredis';
import { PortalLimiter, type RequestLease } from './portal-limiter';
import { capacityOf, type Level, type Permit, type Plan, type RateLimiter } from './rate-limiter';

/** The braces keep a portal's keys on one node of a cluster. docs/storage.md lists the fields. */
const permitsKey = (portal: PortalId) => `b24:{${portal}}:permits`;

/** Lapsed permits are looked for this often, while there are any in hand. */
const sweepMs = 250;
/** Redis may lose what was written so long before it died: its append-only file is written once a second. */
const maxLossMs = 2000;
/** After a reconnect, replicas first report what a Redis that lost its last writes does not know. */
const reportPauseMs = 1000;

export interface LeasedRateLimiterOptions {
  readonly redis: Redis | Cluster;
  readonly clock: Clock;
}

/**
 * A rate limiter that leases permits from one Redis hash per portal (docs/decisions/0031-leased-permits.md). A permit in
 * hand costs no command; a lease costs one round trip.
 */
export class LeasedRateLimiter implements RateLimiter {
  private readonly replica = randomBytes(6).toString('hex');
  private readonly limiters = new Map<PortalId, PortalLimiter>();
  /** Portals with permits in hand that may lapse. */
  private readonly held = new Set<PortalLimiter>();
  private readonly run;
  private stopSweeping: (() => void) | undefined;
  private lastLimiterNumber = 0;
  private lostAtMs: number | undefined;
  private pausedUntilMs = 0;

  constructor(private readonly options: LeasedRateLimiterOptions) {
    const { redis } = options;
    this.run = loadScripts<{ leasePermits: [granted: number, left: number, waitMs: number] }>(redis, __dirname, {
      leasePermits: 1,
    });
    for (const event of ['close', '-node']) redis.on(event, this.onLost);
    for (const event of ['ready', '+node']) redis.on(event, this.onConnected);
  }

  tryAcquire(portal: PortalId, plan: Plan): Permit | undefined {
    const limiter = this.limiters.get(portal);
    if (!limiter) return undefined;
    limiter.permits.follow(plan);
    return limiter.tryAcquire();
  }

  async acquire(portal: PortalId, plan: Plan, onWait?: () => void): Promise<Permit> {
    const limiter = this.limiterOf(portal, plan);
    return limiter.tryAcquire() ?? (await limiter.acquire(onWait));
  }

  async backOff(portal: PortalId, plan: Plan, forMs: number): Promise<void> {
    await this.limiterOf(portal, plan).report(forMs);
  }

  async level(portal: PortalId, plan: Plan): Promise<Level> {
    if (this.limiters.has(portal)) {
      const limiter = this.limiterOf(portal, plan);
      await limiter.report();
      return limiter.level;
    }
    const { left } = await this.requestLease(portal, plan, reader);
    return { left, capacity: capacityOf(plan), drainPerSecond: plan.drainPerSecond };
  }

  async open(portal: PortalId, plan: Plan): Promise<void> {
    await this.limiterOf(portal, plan).report();
  }

  unload(portal: PortalId): void {
    const limiter = this.limiters.get(portal);
    if (!limiter) return;
    this.limiters.delete(portal);
    this.held.delete(limiter);
    limiter.permits.discard();
    if (!limiter.permits.isEmptyHanded) limiter.report().catch(() => undefined);
  }

  async remove(portal: PortalId): Promise<void> {
    const limiter = this.limiters.get(portal);
    this.limiters.delete(portal);
    if (limiter) this.held.delete(limiter);
    // A report under way would create the key again.
    await limiter?.settle();
    await orStoreUnavailable(() => this.options.redis.del(permitsKey(portal)));
  }

  close(): void {
    this.stopSweeping?.();
    for (const event of ['close', '-node']) this.options.redis.off(event, this.onLost);
    for (const event of ['ready', '+node']) this.options.redis.off(event, this.onConnected);
    for (const [portal, limiter] of this.limiters) {
      limiter.fail(new Fault('shutting_down'));
      this.unload(portal);
    }
  }

  private limiterOf(portal: PortalId, plan: Plan): PortalLimiter {
    let limiter = this.limiters.get(portal);
    if (limiter) limiter.permits.follow(plan);
    else this.limiters.set(portal, (limiter = this.newLimiter(portal, plan)));
    return limiter;
  }

  private newLimiter(portal: PortalId, plan: Plan): PortalLimiter {
    // A name that is never used for another count: an unloaded portal begins to count from zero.
    const name = `${this.replica}.${++this.lastLimiterNumber}`;
    const requestLease: RequestLease = (plan, { count, baseCount, outstanding, floor }, want, backOffMs) =>
      this.requestLease(portal, plan, [name, count, baseCount, outstanding, floor, want, backOffMs]);
    const { clock } = this.options;
    return new PortalLimiter(
      { clock, requestLease, pausedUntilMs: () => this.pausedUntilMs, onHeld: this.onHeld },
      plan,
    );
  }

  private async requestLease(portal: PortalId, plan: Plan, report: (string | number)[]) {
    const request = [permitsKey(portal), capacityOf(plan), plan.drainPerSecond, ...report];
    const [granted, left, waitMs] = await orStoreUnavailable(() => this.run.leasePermits(...request));
    return { granted, left, waitMs };
  }

  private readonly onHeld = (limiter: PortalLimiter): void => {
    this.held.add(limiter);
    this.stopSweeping ??= this.options.clock.after(sweepMs, this.returnLapsed);
  };

  private readonly returnLapsed = (): void => {
    this.stopSweeping = undefined;
    for (const limiter of this.held) {
      if (!limiter.permits.isEmptyHanded && !limiter.permits.hasLapsed) continue;
      this.held.delete(limiter);
      if (limiter.permits.hasLapsed) limiter.report().catch(() => this.onHeld(limiter));
    }
    if (this.held.size > 0) this.stopSweeping ??= this.options.clock.after(sweepMs, this.returnLapsed);
  };

  private readonly onLost = (): void => {
    this.lostAtMs ??= this.options.clock.now();
  };

  private readonly onConnected = (): void => {
    if (this.lostAtMs === undefined) return;
    const sinceMs = this.lostAtMs - maxLossMs;
    this.lostAtMs = undefined;
    this.pausedUntilMs = this.options.clock.now() + reportPauseMs;
    for (const limiter of this.limiters.values()) {
      if (limiter.permits.hasReportedSince(sinceMs)) limiter.report().catch(() => undefined);
    }
  };
}

/** The report of no replica, which only reads. */
const reader = ['', 0, 0, 0, 0, 0, 0];
