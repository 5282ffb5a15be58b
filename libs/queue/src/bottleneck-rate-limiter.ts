import { randomUUID } from 'node:crypto';
import { type Clock, Fault, type PortalId } from '@b24/portal';
import { asStoreFault, loadScripts, orStoreUnavailable } from '@b24/redis';
import Bottleneck from 'bottleneck';
import type { Cluster, Redis } from 'ioredis';
import { type RateLimiter, capacityOf, type Permit, type Level, type Plan } from './rate-limiter';
import { knownSinceKey, bottleneckConnection } from './bottleneck-connection';

/** Permits are refilled one by one, so that requests are spread over a second, but not more often than this. */
const minRefillMs = 50;
/** Longer than any limiter needs to refill, so that a limiter that expired in Redis was full. */
const idleTtlMs = 10 * 60_000;
/** After this many failed polls in a row, the store counts as unavailable. */
const maxFailedPolls = 3;
const maxConnectMs = 3000;
/**
 * An unanswered request may not have reached the vendor's counter, so its job keeps running and its permit is not refilled
 * until it is settled, for at most this long: by then it has arrived, or its replica was killed.
 */
const maxUnsettledMs = 5000;

/** The suffixes of the keys in which Bottleneck stores a limiter. */
const limiterKeys = [
  'settings',
  'job_weights',
  'job_expirations',
  'job_clients',
  'client_running',
  'client_num_queued',
  'client_last_registered',
  'client_last_seen',
];

export interface BottleneckRateLimiterOptions {
  /** A dedicated connection: Bottleneck defines its scripts on it and duplicates it to subscribe. */
  readonly redis: Redis | Cluster;
  readonly clock: Clock;
}

interface LoadedLimiter {
  readonly limiter: Promise<Bottleneck>;
  plan: Plan;
}

/**
 * A rate limiter with one Bottleneck limiter per portal: its reservoir holds the available permits, its increase is the
 * drain. A limiter holds at most one pending job, the next request. Calls wait in the portal queue, so losing a limiter
 * with its Redis never loses a call.
 */
export class BottleneckRateLimiter implements RateLimiter {
  private readonly limiters = new Map<PortalId, LoadedLimiter>();
  /** The reservoir after the last permit was granted, by limiter id. */
  private readonly available = new Map<string, number>();
  /** Callbacks by job id, run when Bottleneck schedules the job. */
  private readonly onScheduled = new Map<string, () => void>();
  /** Pending and running jobs, by limiter id. */
  private readonly jobs = new Map<string, Set<Promise<unknown>>>();
  private readonly connection: Bottleneck.IORedisConnection;
  private readonly run;

  constructor(private readonly options: BottleneckRateLimiterOptions) {
    this.run = loadScripts<{ readReservoir: number | null }>(options.redis, __dirname, { readReservoir: 2 });
    this.connection = bottleneckConnection(options.redis, (id, reservoir) => this.available.set(id, reservoir));
    this.connection.on('error', () => undefined); // whoever awaits a permit gets the error
  }

  tryAcquire(): undefined {
    return undefined;
  }

  async acquire(portal: PortalId, plan: Plan, onWait?: () => void): Promise<Permit> {
    const limiter = await this.limiter(portal, plan);
    let settle: () => void;
    try {
      settle = await this.schedule(limiter, refillOf(plan).everyMs, onWait);
    } catch (error) {
      this.unload(portal);
      throw asStoreFault(error);
    }
    const refund = () => void this.refund(portal, plan).finally(settle);
    return { level: levelOf(plan, this.available.get(limiterId(portal)) ?? 0), settle, refund };
  }

  async backOff(portal: PortalId, plan: Plan, forMs: number): Promise<void> {
    const reservoir = -Math.ceil((forMs / 1000) * plan.drainPerSecond);
    await this.withLimiter(portal, plan, async (limiter) => {
      await Promise.resolve(limiter.updateSettings({ reservoir }));
    });
  }

  async level(portal: PortalId, plan: Plan): Promise<Level> {
    const known = this.limiters.get(portal);
    if (known)
      return levelOf(plan, (await this.withLimiter(portal, plan, (limiter) => limiter.currentReservoir())) ?? 0);
    return levelOf(plan, Math.min(capacityOf(plan), await this.readLevel(limiterId(portal), plan)));
  }

  async open(portal: PortalId, plan: Plan): Promise<void> {
    await this.limiter(portal, plan);
  }

  unload(portal: PortalId): void {
    const loaded = this.limiters.get(portal);
    this.limiters.delete(portal);
    this.available.delete(limiterId(portal));
    loaded?.limiter.then((it) => it.disconnect(false)).catch(() => undefined);
  }

  async remove(portal: PortalId): Promise<void> {
    const id = limiterId(portal);
    // A job that still runs would create the keys again.
    await Promise.allSettled([...(this.jobs.get(id) ?? [])]);
    this.unload(portal);
    const keys = [knownSinceKey(id), ...limiterKeys.map((name) => `b_${id}_${name}`)];
    await orStoreUnavailable(() => this.options.redis.del(...keys));
  }

  close(): void {
    for (const portal of [...this.limiters.keys()]) this.unload(portal);
    void this.connection.disconnect(false);
  }

  private async refund(portal: PortalId, plan: Plan): Promise<void> {
    await this.withLimiter(portal, plan, async (limiter) => {
      await capReservoir(limiter, capacityOf(plan), await limiter.incrementReservoir(1));
    });
  }

  /** Reads the available permits of a portal that has no limiter on this replica. */
  private async readLevel(id: string, plan: Plan): Promise<number> {
    const { amount, everyMs } = refillOf(plan);
    const read = () => this.run.readReservoir(`b_${id}_settings`, knownSinceKey(id), amount, everyMs);
    return (await orStoreUnavailable(read)) ?? 0;
  }

  private async withLimiter<T>(portal: PortalId, plan: Plan, work: (limiter: Bottleneck) => Promise<T>): Promise<T> {
    const limiter = await this.limiter(portal, plan);
    return orStoreUnavailable(() => work(limiter));
  }

  private limiter(portal: PortalId, plan: Plan): Promise<Bottleneck> {
    const known = this.limiters.get(portal);
    if (!known) return this.remember(portal, plan, this.createLimiter(portal, plan));
    if (isSamePlan(known.plan, plan)) return known.limiter;
    const changed = known.limiter.then((limiter) => this.setPace(limiter, plan));
    return this.remember(portal, plan, changed);
  }

  private remember(portal: PortalId, plan: Plan, made: Promise<Bottleneck>): Promise<Bottleneck> {
    const limiter = made.catch((error: unknown) => {
      if (this.limiters.get(portal)?.limiter === limiter) this.limiters.delete(portal);
      throw asStoreFault(error);
    });
    this.limiters.set(portal, { limiter, plan });
    return limiter;
  }

  private async createLimiter(portal: PortalId, plan: Plan): Promise<Bottleneck> {
    const limiter = new Bottleneck({
      id: limiterId(portal),
      datastore: 'ioredis',
      connection: this.connection,
      clearDatastore: false,
      timeout: idleTtlMs,
      clientTimeout: idleTtlMs,
      // Bottleneck's own heartbeat costs a timer and a script per limiter; a pending acquisition polls instead.
      heartbeatInterval: 2 ** 31 - 1,
      // Empty; the patched script refills it from when the portal was first known.
      reservoir: 0,
      ...paceOf(plan),
    });
    limiter.on('error', () => undefined); // `acquire` retries or reports it
    limiter.on('scheduled', ({ options: { id } }: Bottleneck.EventInfo) => this.onScheduled.get(id ?? '')?.());
    await this.withinConnectTime(limiter.ready());
    return this.setPace(limiter, plan);
  }

  private async setPace(limiter: Bottleneck, plan: Plan): Promise<Bottleneck> {
    await Promise.resolve(limiter.updateSettings(paceOf(plan)));
    await capReservoir(limiter, capacityOf(plan), (await limiter.currentReservoir()) ?? 0);
    return limiter;
  }

  /** Bounds how long Bottleneck waits for its first connection, which it would do forever. */
  private withinConnectTime<T>(ready: PromiseLike<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = this.options.clock.after(maxConnectMs, () => {
        reject(new Fault('store_unavailable'));
      });
      Promise.resolve(ready).finally(stop).then(resolve, reject);
    });
  }

  /**
   * Resolves at Bottleneck's `scheduled` event, one tick before the job runs, with the function that settles the permit.
   * The job runs until that function is called.
   */
  private schedule(limiter: Bottleneck, refillMs: number, onWait: () => void = () => undefined): Promise<() => void> {
    return new Promise((resolve, reject) => {
      let settle: () => void = () => undefined;
      const settled = new Promise<void>((done) => (settle = done));
      const id = randomUUID();
      let failedPolls = 0;
      let stopPolling: () => void = () => undefined;
      const end = () => {
        stopPolling();
        this.onScheduled.delete(id);
      };
      const fail = (error: unknown) => {
        end();
        reject(asStoreFault(error));
      };
      // Reading the reservoir refills it and wakes the replica that has waited longest. If that replica is gone, the
      // permits are still there at the next poll, which then wakes every replica.
      let isFilled = false;
      const onReservoir = (reservoir: number | null) => {
        failedPolls = 0;
        isFilled = (reservoir ?? 0) > 0;
      };
      const onError = (error: unknown) => {
        if (++failedPolls >= maxFailedPolls) fail(error);
      };
      const poll = () => {
        const reservoir = isFilled ? limiter.incrementReservoir(0) : limiter.currentReservoir();
        reservoir.then(onReservoir, onError);
        onWait();
        stopPolling = this.options.clock.after(refillMs / 2, poll);
      };
      this.onScheduled.set(id, () => {
        end();
        resolve(settle);
      });
      this.track(limiter.id, limiter.schedule({ id, expiration: maxUnsettledMs }, () => settled).catch(fail));
      stopPolling = this.options.clock.after(refillMs / 2, poll);
    });
  }

  private track(limiter: string, job: Promise<unknown>): void {
    const jobs = this.jobs.get(limiter) ?? new Set();
    this.jobs.set(limiter, jobs.add(job));
    void job.finally(() => {
      jobs.delete(job);
      if (jobs.size === 0 && this.jobs.get(limiter) === jobs) this.jobs.delete(limiter);
    });
  }
}

/** The braces keep a portal's keys on one node of a cluster. */
function limiterId(portal: PortalId): string {
  return `portal_{${portal}}`;
}

function isSamePlan(a: Plan, b: Plan): boolean {
  return a.burst === b.burst && a.drainPerSecond === b.drainPerSecond;
}

function levelOf(plan: Plan, left: number): Level {
  return { left, capacity: capacityOf(plan), drainPerSecond: plan.drainPerSecond };
}

function refillOf({ drainPerSecond }: Plan): { everyMs: number; amount: number } {
  const amount = Math.max(1, Math.floor((drainPerSecond * minRefillMs) / 1000));
  return { amount, everyMs: Math.ceil((1000 * amount) / drainPerSecond) };
}

function paceOf(plan: Plan): Bottleneck.ConstructorOptions {
  const { everyMs, amount } = refillOf(plan);
  return {
    reservoirIncreaseAmount: amount,
    reservoirIncreaseInterval: everyMs,
    reservoirIncreaseMaximum: capacityOf(plan),
  };
}

async function capReservoir(limiter: Bottleneck, capacity: number, left: number): Promise<void> {
  if (left > capacity) await limiter.incrementReservoir(capacity - left);
}
