import { randomUUID } from 'node:crypto';
import { type Clock, Fault, type PortalId } from '@b24/portal';
import Bottleneck from 'bottleneck';
import type { Redis } from 'ioredis';
import { type Bucket, capacityOf, type Level, type Plan } from './bucket';
import { bottleneckConnection } from './bottleneck-connection';

/** How often a waiting departure asks whether a drip has fallen. Nothing is asked while nobody waits. */
const askEveryMs = 200;
/** Longer than any bucket needs to fill, so that a bucket forgotten by Redis was full. */
const forgetAfterMs = 10 * 60_000;
/** So many questions unanswered in a row mean that the store is gone. */
const patience = 3;
const openWithinMs = 3000;
/** A job is done as soon as it has its permission; one whose replica was killed is forgotten after this. */
const jobEndsMs = 60_000;
/** For how long nothing leaves after the vendor said that its bucket is full. */
const standBackSeconds = 2;

export interface BottleneckBucketOptions {
  /** A connection of its own: Bottleneck defines its scripts on it and duplicates it to subscribe. */
  readonly redis: Redis;
  readonly clock: Clock;
  readonly plan: Plan;
}

/**
 * The bucket as a Bottleneck limiter per portal: its reservoir is what is left, its increase is the drain.
 * A limiter holds one job, the next departure; calls wait in the lane, so that a limiter lost with its Redis loses
 * nobody.
 */
export class BottleneckBucket implements Bucket {
  private readonly limiters = new Map<PortalId, Promise<Bottleneck>>();
  /** What to do when the job of this id gets its permission. */
  private readonly permitted = new Map<string, () => void>();
  private readonly connection: Bottleneck.IORedisConnection;

  constructor(private readonly options: BottleneckBucketOptions) {
    this.connection = bottleneckConnection(options.redis);
    this.connection.on('error', () => undefined); // told by whoever asks
  }

  async take(portal: PortalId): Promise<void> {
    const limiter = await this.limiter(portal);
    try {
      await this.permission(limiter);
    } catch (error) {
      this.leave(portal);
      throw storeUnavailable(error);
    }
  }

  async giveBack(portal: PortalId): Promise<void> {
    await this.asking(portal, async (limiter) => {
      await keepWithin(limiter, capacityOf(this.options.plan), await limiter.incrementReservoir(1));
    });
  }

  async standBack(portal: PortalId): Promise<void> {
    const reservoir = -standBackSeconds * this.options.plan.drainPerSecond;
    await this.asking(portal, async (limiter) => {
      await Promise.resolve(limiter.updateSettings({ reservoir }));
    });
  }

  async level(portal: PortalId): Promise<Level> {
    const left = await this.asking(portal, (limiter) => limiter.currentReservoir());
    const { plan } = this.options;
    return { left: left ?? 0, capacity: capacityOf(plan), drainPerSecond: plan.drainPerSecond };
  }

  async open(portal: PortalId): Promise<void> {
    await this.limiter(portal);
  }

  leave(portal: PortalId): void {
    const limiter = this.limiters.get(portal);
    this.limiters.delete(portal);
    limiter?.then((it) => it.disconnect(false)).catch(() => undefined);
  }

  close(): void {
    for (const portal of [...this.limiters.keys()]) this.leave(portal);
    void this.connection.disconnect(false);
  }

  private async asking<T>(portal: PortalId, question: (limiter: Bottleneck) => Promise<T>): Promise<T> {
    const limiter = await this.limiter(portal);
    try {
      return await question(limiter);
    } catch (error) {
      throw storeUnavailable(error);
    }
  }

  private limiter(portal: PortalId): Promise<Bottleneck> {
    const known = this.limiters.get(portal);
    if (known) return known;
    const made = this.makeLimiter(portal).catch((error: unknown) => {
      if (this.limiters.get(portal) === made) this.limiters.delete(portal);
      throw storeUnavailable(error);
    });
    this.limiters.set(portal, made);
    return made;
  }

  private async makeLimiter(portal: PortalId): Promise<Bottleneck> {
    const { plan } = this.options;
    const capacity = capacityOf(plan);
    const pace = {
      reservoirIncreaseAmount: plan.drainPerSecond,
      reservoirIncreaseInterval: 1000,
      reservoirIncreaseMaximum: capacity,
    };
    const limiter = new Bottleneck({
      // The braces keep a portal's keys on one node of a cluster.
      id: `lane_{${portal}}`,
      datastore: 'ioredis',
      connection: this.connection,
      clearDatastore: false,
      timeout: forgetAfterMs,
      clientTimeout: forgetAfterMs,
      // Bottleneck's own heartbeat costs a timer and a script per limiter; a waiting departure asks by itself.
      heartbeatInterval: 2 ** 31 - 1,
      // Empty, and filled from the portal's birth by the mended script.
      reservoir: 0,
      ...pace,
    });
    limiter.on('error', () => undefined); // a failed question is asked again, or told by `take`
    limiter.on('scheduled', ({ options: { id } }: Bottleneck.EventInfo) => this.permitted.get(id ?? '')?.());
    await this.inTime(limiter.ready());
    await Promise.resolve(limiter.updateSettings(pace));
    await keepWithin(limiter, capacity, (await limiter.currentReservoir()) ?? 0);
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

  /** Resolves at Bottleneck's `scheduled`, which is when it gives permission; running the job costs another tick. */
  private permission(limiter: Bottleneck): Promise<void> {
    return new Promise((resolve, reject) => {
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
      const answered = () => {
        unanswered = 0;
      };
      const unheard = (error: unknown) => {
        if (++unanswered >= patience) fail(error);
      };
      const ask = () => {
        limiter.incrementReservoir(0).then(answered, unheard);
        stopAsking = this.options.clock.after(askEveryMs, ask);
      };
      this.permitted.set(id, () => {
        end();
        resolve();
      });
      limiter.schedule({ id, expiration: jobEndsMs }, () => Promise.resolve()).catch(fail);
      stopAsking = this.options.clock.after(askEveryMs, ask);
    });
  }
}

async function keepWithin(limiter: Bottleneck, capacity: number, left: number): Promise<void> {
  if (left > capacity) await limiter.incrementReservoir(capacity - left);
}

function storeUnavailable(error: unknown): Fault {
  return error instanceof Fault ? error : new Fault('store_unavailable', { cause: error });
}
