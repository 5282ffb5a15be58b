import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, Fault, type PortalId } from '@b24/portal';
import Bottleneck from 'bottleneck';
import type { Cluster, Redis } from 'ioredis';
import { type Bucket, capacityOf, type Drop, type Level, type Plan } from './bucket';
import { birthKey, bottleneckConnection } from './bottleneck-connection';

/** A drip falls by itself, not with a second's others, so that departures are spread; but no oftener than this. */
const shortestDripMs = 50;
/** Longer than any bucket needs to fill, so that a bucket forgotten by Redis was full. */
const forgetAfterMs = 10 * 60_000;
/** So many questions unanswered in a row mean that the store is gone. */
const patience = 3;
const openWithinMs = 3000;
/**
 * A request that is not answered yet may not have been counted yet, so its job runs on and nothing drips in its place;
 * for so long, since by then it has arrived, or its replica was killed.
 */
const arrivesWithinMs = 5000;

/** What Bottleneck keeps of a limiter, each in a key of its own. */
const keptKeys = [
  'settings',
  'job_weights',
  'job_expirations',
  'job_clients',
  'client_running',
  'client_num_queued',
  'client_last_registered',
  'client_last_seen',
];

export interface BottleneckBucketOptions {
  /** A connection of its own: Bottleneck defines its scripts on it and duplicates it to subscribe. */
  readonly redis: Redis | Cluster;
  readonly clock: Clock;
}

interface Kept {
  readonly limiter: Promise<Bottleneck>;
  plan: Plan;
}

/**
 * The bucket as a Bottleneck limiter per portal: its reservoir is what is left, its increase is the drain.
 * A limiter holds one job, the next departure; calls wait in the lane, so that a limiter lost with its Redis loses
 * nobody.
 */
export class BottleneckBucket implements Bucket {
  private readonly limiters = new Map<PortalId, Kept>();
  /** What a portal's reservoir held when the last departure was let out, by limiter id. */
  private readonly left = new Map<string, number>();
  /** What to do when the job of this id gets its permission. */
  private readonly permitted = new Map<string, () => void>();
  /** Jobs that wait or run, by limiter id. */
  private readonly jobs = new Map<string, Set<Promise<unknown>>>();
  private readonly connection: Bottleneck.IORedisConnection;

  constructor(private readonly options: BottleneckBucketOptions) {
    const lua = readFileSync(join(__dirname, 'readBucket.lua'), 'utf8');
    options.redis.defineCommand('readBucket', { numberOfKeys: 2, lua });
    this.connection = bottleneckConnection(options.redis, (id, reservoir) => this.left.set(id, reservoir));
    this.connection.on('error', () => undefined); // told by whoever asks
  }

  async take(portal: PortalId, plan: Plan, waits?: () => void): Promise<Drop> {
    const limiter = await this.limiter(portal, plan);
    let arrived: () => void;
    try {
      arrived = await this.permission(limiter, dripOf(plan).everyMs, waits);
    } catch (error) {
      this.leave(portal);
      throw storeUnavailable(error);
    }
    const giveBack = () => this.giveBack(portal, plan).finally(arrived);
    return { level: levelOf(plan, this.left.get(limiterId(portal)) ?? 0), arrived, giveBack };
  }

  async standBack(portal: PortalId, plan: Plan, forMs: number): Promise<void> {
    const reservoir = -Math.ceil((forMs / 1000) * plan.drainPerSecond);
    await this.asking(portal, plan, async (limiter) => {
      await Promise.resolve(limiter.updateSettings({ reservoir }));
    });
  }

  async level(portal: PortalId, plan: Plan): Promise<Level> {
    const known = this.limiters.get(portal);
    if (known) return levelOf(plan, (await this.asking(portal, plan, (limiter) => limiter.currentReservoir())) ?? 0);
    return levelOf(plan, Math.min(capacityOf(plan), await this.read(limiterId(portal), plan)));
  }

  async open(portal: PortalId, plan: Plan): Promise<void> {
    await this.limiter(portal, plan);
  }

  leave(portal: PortalId): void {
    const kept = this.limiters.get(portal);
    this.limiters.delete(portal);
    this.left.delete(limiterId(portal));
    kept?.limiter.then((it) => it.disconnect(false)).catch(() => undefined);
  }

  async forget(portal: PortalId): Promise<void> {
    const id = limiterId(portal);
    // What is still taken from it would bring it back.
    await Promise.allSettled([...(this.jobs.get(id) ?? [])]);
    this.leave(portal);
    const keys = [birthKey(id), ...keptKeys.map((name) => `b_${id}_${name}`)];
    await this.options.redis.del(...keys).catch((error: unknown) => {
      throw storeUnavailable(error);
    });
  }

  close(): void {
    for (const portal of [...this.limiters.keys()]) this.leave(portal);
    void this.connection.disconnect(false);
  }

  private async giveBack(portal: PortalId, plan: Plan): Promise<void> {
    await this.asking(portal, plan, async (limiter) => {
      await keepWithin(limiter, capacityOf(plan), await limiter.incrementReservoir(1));
    });
  }

  /** What is left, while there is no limiter here. */
  private async read(id: string, plan: Plan): Promise<number> {
    const { redis } = this.options;
    const { amount, everyMs } = dripOf(plan);
    const { readBucket } = redis as unknown as { readBucket: (...args: (string | number)[]) => Promise<number | null> };
    try {
      return (await readBucket.call(redis, `b_${id}_settings`, birthKey(id), amount, everyMs)) ?? 0;
    } catch (error) {
      throw storeUnavailable(error);
    }
  }

  private async asking<T>(portal: PortalId, plan: Plan, question: (limiter: Bottleneck) => Promise<T>): Promise<T> {
    const limiter = await this.limiter(portal, plan);
    try {
      return await question(limiter);
    } catch (error) {
      throw storeUnavailable(error);
    }
  }

  private limiter(portal: PortalId, plan: Plan): Promise<Bottleneck> {
    const known = this.limiters.get(portal);
    if (!known) return this.keep(portal, plan, this.makeLimiter(portal, plan));
    if (samePlan(known.plan, plan)) return known.limiter;
    const changed = known.limiter.then((limiter) => this.setPace(limiter, plan));
    return this.keep(portal, plan, changed);
  }

  private keep(portal: PortalId, plan: Plan, made: Promise<Bottleneck>): Promise<Bottleneck> {
    const limiter = made.catch((error: unknown) => {
      if (this.limiters.get(portal)?.limiter === limiter) this.limiters.delete(portal);
      throw storeUnavailable(error);
    });
    this.limiters.set(portal, { limiter, plan });
    return limiter;
  }

  private async makeLimiter(portal: PortalId, plan: Plan): Promise<Bottleneck> {
    const limiter = new Bottleneck({
      id: limiterId(portal),
      datastore: 'ioredis',
      connection: this.connection,
      clearDatastore: false,
      timeout: forgetAfterMs,
      clientTimeout: forgetAfterMs,
      // Bottleneck's own heartbeat costs a timer and a script per limiter; a waiting departure asks by itself.
      heartbeatInterval: 2 ** 31 - 1,
      // Empty, and filled from the portal's birth by the mended script.
      reservoir: 0,
      ...paceOf(plan),
    });
    limiter.on('error', () => undefined); // a failed question is asked again, or told by `take`
    limiter.on('scheduled', ({ options: { id } }: Bottleneck.EventInfo) => this.permitted.get(id ?? '')?.());
    await this.inTime(limiter.ready());
    return this.setPace(limiter, plan);
  }

  private async setPace(limiter: Bottleneck, plan: Plan): Promise<Bottleneck> {
    await Promise.resolve(limiter.updateSettings(paceOf(plan)));
    await keepWithin(limiter, capacityOf(plan), (await limiter.currentReservoir()) ?? 0);
    return limiter;
  }

  /** Bottleneck waits for its first connection without end. */
  private inTime<T>(ready: PromiseLike<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = this.options.clock.after(openWithinMs, () => {
        reject(new Fault('store_unavailable'));
      });
      Promise.resolve(ready).finally(stop).then(resolve, reject);
    });
  }

  /**
   * Resolves at Bottleneck's `scheduled`, which is when it gives permission; running the job costs another tick.
   * The job runs until what this resolves to is called.
   */
  private permission(limiter: Bottleneck, dripMs: number, waits: () => void = () => undefined): Promise<() => void> {
    return new Promise((resolve, reject) => {
      let arrived: () => void = () => undefined;
      const arrival = new Promise<void>((done) => (arrived = done));
      const id = randomUUID();
      let unanswered = 0;
      let stopAsking: () => void = () => undefined;
      const end = () => {
        stopAsking();
        this.permitted.delete(id);
      };
      const fail = (error: unknown) => {
        end();
        reject(storeUnavailable(error));
      };
      // Asking lets the drips fall; the replica that has waited longest is called first. If it is not there any more,
      // what has fallen still lies there at the next question, and then everyone is called.
      let hasFallen = false;
      const answered = (reservoir: number | null) => {
        unanswered = 0;
        hasFallen = (reservoir ?? 0) > 0;
      };
      const unheard = (error: unknown) => {
        if (++unanswered >= patience) fail(error);
      };
      const ask = () => {
        const asked = hasFallen ? limiter.incrementReservoir(0) : limiter.currentReservoir();
        asked.then(answered, unheard);
        waits();
        stopAsking = this.options.clock.after(dripMs / 2, ask);
      };
      this.permitted.set(id, () => {
        end();
        resolve(arrived);
      });
      this.follow(limiter.id, limiter.schedule({ id, expiration: arrivesWithinMs }, () => arrival).catch(fail));
      stopAsking = this.options.clock.after(dripMs / 2, ask);
    });
  }

  private follow(limiter: string, job: Promise<unknown>): void {
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
  return `lane_{${portal}}`;
}

function samePlan(a: Plan, b: Plan): boolean {
  return a.burst === b.burst && a.drainPerSecond === b.drainPerSecond;
}

function levelOf(plan: Plan, left: number): Level {
  return { left, capacity: capacityOf(plan), drainPerSecond: plan.drainPerSecond };
}

function dripOf({ drainPerSecond }: Plan): { everyMs: number; amount: number } {
  const amount = Math.max(1, Math.floor((drainPerSecond * shortestDripMs) / 1000));
  return { amount, everyMs: Math.ceil((1000 * amount) / drainPerSecond) };
}

function paceOf(plan: Plan): Bottleneck.ConstructorOptions {
  const { everyMs, amount } = dripOf(plan);
  return {
    reservoirIncreaseAmount: amount,
    reservoirIncreaseInterval: everyMs,
    reservoirIncreaseMaximum: capacityOf(plan),
  };
}

async function keepWithin(limiter: Bottleneck, capacity: number, left: number): Promise<void> {
  if (left > capacity) await limiter.incrementReservoir(capacity - left);
}

function storeUnavailable(error: unknown): Fault {
  return error instanceof Fault ? error : new Fault('store_unavailable', { cause: error });
}
