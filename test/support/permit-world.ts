import { EventEmitter } from 'node:events';
import { LeasedRateLimiter, type Plan } from '@b24/queue';
import { type Clock, portalId } from '@b24/portal';
import type { Redis } from 'ioredis';
import { HandClock } from './hand-clock';

const portal = portalId('0123456789abcdef0123456789abcdef');
const key = `b24:{${portal}}:permits`;
const timeKey = 'virtual-time';

/** The vendor's counter: it falls by Y at each step of a second, and counts every request that arrives. */
class VendorCounter {
  private level = 0;
  private steps = 0;
  /** How far it ever was above X − Y. */
  worstExcess = -Infinity;

  constructor(
    private readonly clock: Clock,
    private readonly phaseMs: number,
    public plan: Plan,
  ) {
    this.steps = this.stepsUntilNow();
  }

  arrive(): void {
    this.drain();
    this.level++;
    this.worstExcess = Math.max(this.worstExcess, this.level - this.plan.burst + this.plan.drainPerSecond);
  }

  follow(plan: Plan): void {
    this.drain();
    this.plan = plan;
  }

  private drain(): void {
    const steps = this.stepsUntilNow();
    this.level = Math.max(0, this.level - (steps - this.steps) * this.plan.drainPerSecond);
    this.steps = steps;
  }

  private stepsUntilNow(): number {
    return Math.floor((this.clock.now() + this.phaseMs) / 1000);
  }
}

/** Text of the script that stands for its defence, and what replaces it. */
export type ScriptChange = readonly [from: string, to: string];

/** The commands that the world has at Redis, and the timers of no duration, which Bottleneck uses to yield. */
class Underway {
  private count = 0;
  private readonly realTimeout = setTimeout;

  add(): () => void {
    this.count++;
    return () => this.count--;
  }

  /** Runs timers of no duration at the next turn of the event loop, and counts them. */
  watchTimers(): jest.SpyInstance {
    const timeout = (task: () => void, ms?: number) => {
      if (ms) return this.realTimeout(task, ms);
      const done = this.add();
      return setImmediate(() => {
        done();
        task();
      });
    };
    return jest.spyOn(globalThis, 'setTimeout').mockImplementation(timeout as typeof setTimeout);
  }

  readonly settled = async (): Promise<void> => {
    do for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
    while (this.count > 0);
  };
}

/** How a request goes on after its permit. */
export interface Fate {
  readonly refunded: boolean;
  /** From the permit until the vendor counts the request, ms. */
  readonly arrivesAfterMs: number;
  /** From then until it is settled, ms. */
  readonly answeredAfterMs: number;
}

interface VirtualRedis {
  readonly redis: Redis;
  readonly clock: HandClock;
  readonly underway: Underway;
  readonly lagMs: () => number;
  isUp: boolean;
  readonly onWritten: () => Promise<void>;
}

/** A replica's connection: its commands travel in virtual time to a real Redis, whose clock is the world's. */
class VirtualConnection extends EventEmitter {
  isConnected = true;
  private epoch = 0;

  constructor(
    private readonly world: VirtualRedis,
    private readonly isAlive: () => boolean,
    private readonly changes: readonly ScriptChange[],
  ) {
    super();
  }

  defineCommand(name: string, { lua, numberOfKeys = 0 }: { lua: string; numberOfKeys?: number }): void {
    const onVirtualTime: ScriptChange = ["redis.call('TIME')", `redis.call('LRANGE', '${timeKey}', 0, 1)`];
    let changed = lua;
    for (const [from, to] of [onVirtualTime, ...this.changes]) {
      if (changed.split(from).length !== 2) throw new Error(`The script does not contain this text once: ${from}`);
      changed = changed.replace(from, () => to);
    }
    const { redis } = this.world;
    const send = (...sent: (string | number)[]) => redis.eval(changed, numberOfKeys, ...sent);
    Reflect.set(this, name, (...sent: (string | number)[]) => this.execute(() => send(...sent)));
  }

  lose(): void {
    this.isConnected = false;
    this.epoch++;
    this.emit('close');
  }

  reconnect(isNoticed: boolean): void {
    this.isConnected = true;
    if (isNoticed) this.emit('ready');
  }

  private async execute(send: () => Promise<unknown>): Promise<unknown> {
    const { epoch } = this;
    await this.travel();
    this.mustBeUp(epoch);
    const done = this.world.underway.add();
    const reply = await this.atRedis(send).finally(done);
    await this.travel();
    this.mustBeUp(epoch);
    return reply;
  }

  private async atRedis(send: () => Promise<unknown>): Promise<unknown> {
    const { redis, clock, onWritten } = this.world;
    const ms = clock.now();
    void redis
      .multi()
      .del(timeKey)
      .rpush(timeKey, Math.floor(ms / 1000), (ms % 1000) * 1000)
      .exec();
    const reply = await send();
    await onWritten();
    return reply;
  }

  /** A killed replica gets no further. */
  private travel(): Promise<void> {
    return new Promise((resolve) => {
      this.world.clock.after(this.world.lagMs(), () => {
        if (this.isAlive()) resolve();
      });
    });
  }

  private mustBeUp(epoch: number): void {
    if (!this.world.isUp || !this.isConnected || epoch !== this.epoch) throw new Error('the connection was lost');
  }
}

/** One replica, which can be killed: nothing of it runs afterwards. */
class Replica {
  isAlive = true;
  readonly connection: VirtualConnection;
  readonly limiter: LeasedRateLimiter;

  constructor(world: VirtualRedis, changes: readonly ScriptChange[]) {
    const isAlive = () => this.isAlive;
    this.connection = new VirtualConnection(world, isAlive, changes);
    const clock: Clock = {
      now: () => world.clock.now(),
      after: (ms, task) =>
        world.clock.after(ms, () => {
          if (this.isAlive) task();
        }),
    };
    this.limiter = new LeasedRateLimiter({ redis: this.connection as unknown as Redis, clock });
  }
}

export interface PermitWorldOptions {
  readonly redis: Redis;
  readonly replicas: number;
  readonly plan: Plan;
  /** When within a second the vendor's counter falls, ms. */
  readonly phaseMs: number;
  /** How long commands and replies travel, ms, in turn. */
  readonly lagsMs: readonly number[];
  /** What is replaced in the script. */
  readonly changes?: readonly ScriptChange[];
  /** Whether replicas learn that their connection was lost; they do unless this is false. */
  readonly noticesReconnects?: boolean;
}

/** Replicas, Redis and the vendor's counter in virtual time. */
export class PermitWorld {
  readonly vendor: VendorCounter;
  readonly clock: HandClock;
  /** When each permit was granted, unix milliseconds. */
  readonly grantedAtMs: number[] = [];
  /** Acquisitions of living replicas that have neither a permit nor a fault. */
  waiting = 0;
  /** Permits that were granted while every replica had to back off. */
  grantedInBackOff = 0;
  private backOffUntilMs = 0;
  private backOffFromMs = Infinity;
  private readonly world: VirtualRedis;
  private readonly underway = new Underway();
  private readonly replicas: Replica[];
  private readonly history: { readonly atMs: number; readonly fields: Record<string, string> }[] = [];
  private lastKillMs = -Infinity;
  private lagNumber = 0;
  private plan: Plan;

  private constructor(private readonly options: PermitWorldOptions) {
    const { redis, lagsMs, phaseMs, plan, changes = [] } = options;
    this.plan = plan;
    this.clock = new HandClock(1_700_000_000_000, this.underway.settled);
    this.vendor = new VendorCounter(this.clock, phaseMs, plan);
    this.world = {
      ...{ redis, clock: this.clock, underway: this.underway, isUp: true, onWritten: this.onWritten },
      lagMs: () => lagsMs[this.lagNumber++ % lagsMs.length] ?? 0,
    };
    this.replicas = Array.from({ length: options.replicas }, () => new Replica(this.world, changes));
  }

  /** Runs work in a world whose portal has an empty bucket, on both sides. */
  static async run(options: PermitWorldOptions, work: (world: PermitWorld) => Promise<void>): Promise<void> {
    const world = new PermitWorld(options);
    await options.redis.del(key);
    await options.redis.hset(key, { level: 0, atMs: world.clock.now(), drainPerSecond: options.plan.drainPerSecond });
    await world.onWritten();
    const timers = world.underway.watchTimers();
    try {
      await work(world);
    } finally {
      for (const replica of world.replicas) replica.isAlive = false;
      timers.mockRestore();
    }
  }

  /** One acquisition and what becomes of it. */
  async request(replicaNumber: number, { refunded, arrivesAfterMs, answeredAfterMs }: Fate): Promise<void> {
    const replica = this.replicaOf(replicaNumber);
    const { limiter } = replica;
    this.waiting++;
    const permit = await this.acquire(limiter, replica).finally(() => {
      if (replica.isAlive) this.waiting--;
    });
    if (!permit) return;
    this.noteGrant();
    const alive = (task: () => void) => () => {
      if (replica.isAlive) task();
    };
    if (refunded) {
      this.clock.after(arrivesAfterMs, alive(permit.refund.bind(permit)));
      return;
    }
    this.clock.after(arrivesAfterMs, () => {
      this.vendor.arrive();
      this.clock.after(answeredAfterMs, alive(permit.settle.bind(permit)));
    });
  }

  /** kill -9, and a new replica in its place. Its requests that have been sent arrive. */
  kill(replicaNumber: number): void {
    const replica = this.replicaOf(replicaNumber);
    replica.isAlive = false;
    this.lastKillMs = this.clock.now();
    this.waiting -= this.waitingOf.get(replica) ?? 0;
    this.replicas[this.replicas.indexOf(replica)] = new Replica(this.world, this.options.changes ?? []);
  }

  /** Redis dies and starts with what it had some time ago; replicas reconnect one after the other. */
  async restart(lossMs: number, downMs: number): Promise<void> {
    const nowMs = this.clock.now();
    // What a killed replica did, only Redis knows.
    const asOfMs = Math.max(nowMs - lossMs, this.lastKillMs);
    const known = this.history.findLast(({ atMs }) => atMs <= asOfMs)?.fields ?? {};
    this.world.isUp = false;
    for (const { connection } of this.replicas) connection.lose();
    await this.clock.advance(downMs);
    const { redis } = this.options;
    await redis.del(key);
    if (Object.keys(known).length > 0) await redis.hset(key, known);
    await this.onWritten();
    this.world.isUp = true;
    for (const [i, { connection }] of this.replicas.entries()) {
      this.clock.after((i * 490) / this.replicas.length, () => {
        connection.reconnect(this.options.noticesReconnects !== false);
      });
    }
    await this.clock.advance(500);
  }

  async backOff(replicaNumber: number, forMs: number): Promise<void> {
    await this.replicaOf(replicaNumber)
      .limiter.backOff(portal, this.plan, forMs)
      .then(() => {
        this.backOffFromMs = Math.min(this.backOffFromMs, this.clock.now() + 1000);
        this.backOffUntilMs = this.clock.now() + forMs - 200;
      })
      .catch(() => undefined);
  }

  /** The portal has another plan, and every replica learns of it. */
  follow(plan: Plan): void {
    this.plan = plan;
    this.vendor.follow(plan);
    for (const { limiter } of this.replicas) limiter.level(portal, plan).catch(() => undefined);
  }

  private readonly waitingOf = new Map<Replica, number>();

  private async acquire(limiter: LeasedRateLimiter, replica: Replica) {
    this.waitingOf.set(replica, (this.waitingOf.get(replica) ?? 0) + 1);
    try {
      return limiter.tryAcquire(portal, this.plan) ?? (await limiter.acquire(portal, this.plan));
    } catch {
      return undefined;
    } finally {
      this.waitingOf.set(replica, (this.waitingOf.get(replica) ?? 0) - 1);
    }
  }

  private noteGrant(): void {
    const nowMs = this.clock.now();
    this.grantedAtMs.push(nowMs);
    if (nowMs >= this.backOffFromMs && nowMs < this.backOffUntilMs) this.grantedInBackOff++;
    if (nowMs >= this.backOffUntilMs) this.backOffFromMs = Infinity;
  }

  private replicaOf(number: number): Replica {
    const replica = this.replicas[number % this.replicas.length];
    if (!replica) throw new Error('There is no replica.');
    return replica;
  }

  private readonly onWritten = async (): Promise<void> => {
    this.history.push({ atMs: this.clock.now(), fields: await this.options.redis.hgetall(key) });
  };
}
