import { setTimeout as wait } from 'node:timers/promises';
import { LeasedRateLimiter, capacityOf } from '@b24/queue';
import { type Fault, type PortalId, portalId, systemClock } from '@b24/portal';
import { Redis } from 'ioredis';
import { setLevel } from '../support/permit-levels';
import { RedisServer } from '../support/redis-server';

const plan = { burst: 10, drainPerSecond: 2 };
const capacity = capacityOf(plan);
let counter = 0;
const freshPortal = () => portalId((++counter).toString(16).padStart(32, '0'));

/** The commands that Redis has executed, this one included. */
const commandCount = async (redis: Redis) =>
  Number(/total_commands_processed:(\d+)/.exec(await redis.info('stats'))?.[1]);

describe('the rate limiter over a real Redis', () => {
  let server: RedisServer;
  const open: { limiter: LeasedRateLimiter; redis: Redis }[] = [];

  const replica = () => {
    const redis = server.client();
    redis.on('error', () => undefined);
    const limiter = new LeasedRateLimiter({ redis, clock: systemClock });
    open.push({ limiter, redis });
    return limiter;
  };
  /** A portal whose counter is empty. */
  const oldPortal = async () => {
    const portal = freshPortal();
    const redis = server.client();
    await setLevel(redis, portal, 0);
    redis.disconnect();
    return portal;
  };
  /** Acquires a permit for a request that is answered at once. */
  const acquire = async (limiter: LeasedRateLimiter, portal: PortalId) => {
    const permit = await limiter.acquire(portal, plan);
    permit.settle();
    return permit.level;
  };
  /** How many of `wanted` permits, acquired one after the other as a queue does, were granted within the time. */
  const granted = async (
    limiters: LeasedRateLimiter[],
    portal: ReturnType<typeof portalId>,
    wanted: number,
    ms: number,
  ) => {
    let count = 0;
    let over = false;
    const pump = async (limiter: LeasedRateLimiter) => {
      while (!over && count < wanted) {
        await acquire(limiter, portal);
        if (!over) count++;
      }
    };
    const pumps = Promise.allSettled(limiters.map(pump));
    await Promise.race([pumps, wait(ms)]);
    over = true;
    return count;
  };

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterEach(() => {
    for (const { limiter, redis } of open.splice(0)) {
      limiter.close();
      redis.disconnect();
    }
  });
  afterAll(() => server.stop());

  it('grants a full burst of X − 2Y permits at once and then Y per second', async () => {
    const portal = await oldPortal();
    expect(await granted([replica()], portal, 100, 3400)).toBeGreaterThanOrEqual(capacity + 2 * 3 - 2);
    expect((await replica().level(portal, plan)).left).toBeLessThanOrEqual(2);
  });

  it('drains no permit of a request that may not have arrived, however late it is', async () => {
    const portal = await oldPortal();
    const limiter = replica();
    const permits = await Promise.all(Array.from({ length: capacity }, () => limiter.acquire(portal, plan)));
    await wait(2200);
    expect((await limiter.level(portal, plan)).left).toBe(0);
    for (const permit of permits) permit.settle();
    expect(await granted([limiter], portal, 2, 3000)).toBe(2);
  });

  it('holds an unsettled permit for seconds only, so that the requests of a killed replica cost no more', async () => {
    const portal = await oldPortal();
    const killed = replica();
    await Promise.all(Array.from({ length: capacity }, () => killed.acquire(portal, plan)));
    open.at(-1)?.redis.disconnect();
    expect(await granted([replica()], portal, 1, 9000)).toBe(1);
  });

  it('is shared by all replicas', async () => {
    const portal = await oldPortal();
    const count = await granted([replica(), replica(), replica()], portal, 100, 2300);
    expect(count).toBeGreaterThanOrEqual(capacity + 2);
    expect(count).toBeLessThanOrEqual(capacity + 2 * 3);
  });

  it('starts empty for a new portal, so that a store that lost its data cannot exceed the vendor’s limit', async () => {
    const portal = freshPortal();
    const limiter = replica();
    await limiter.open(portal, plan);
    expect((await limiter.level(portal, plan)).left).toBeLessThanOrEqual(2);
  });

  it('grants nothing while it backs off', async () => {
    const portal = await oldPortal();
    const limiter = replica();
    await limiter.backOff(portal, plan, 2000);
    expect((await limiter.level(portal, plan)).left).toBeLessThan(0);
    expect(await granted([limiter], portal, 1, 900)).toBe(0);
  });

  it('takes refunds, and never holds more than its capacity', async () => {
    const portal = await oldPortal();
    const limiter = replica();
    const permit = await limiter.acquire(portal, plan);
    permit.refund();
    permit.refund();
    expect((await limiter.level(portal, plan)).left).toBe(capacity);
  });

  it('uses the clock of Redis, so that a replica whose clock is ahead gains nothing', async () => {
    const portal = await oldPortal();
    const limiter = replica();
    await granted([limiter], portal, capacity, 2000);
    const realNow = Date.now;
    Date.now = () => realNow() + 3_600_000;
    try {
      expect((await replica().level(portal, plan)).left).toBeLessThanOrEqual(2);
    } finally {
      Date.now = realNow;
    }
  });

  it('follows the new plan when a replica starts with another one', async () => {
    const portal = await oldPortal();
    await replica().open(portal, { burst: 50, drainPerSecond: 2 });
    expect((await replica().level(portal, { burst: 8, drainPerSecond: 2 })).left).toBeLessThanOrEqual(4);
  });

  it('follows the new plan of a portal that is in use', async () => {
    const portal = await oldPortal();
    const limiter = replica();
    await limiter.acquire(portal, { burst: 50, drainPerSecond: 2 });
    expect((await acquire(limiter, portal)).left).toBeLessThan(capacity);
    expect((await limiter.level(portal, { burst: 250, drainPerSecond: 5 })).capacity).toBe(240);
  });

  it('shares its permits evenly among waiting replicas', async () => {
    const portal = await oldPortal();
    const replicas = [replica(), replica(), replica()];
    await granted(replicas, portal, capacity, 2000);
    const shares = await Promise.all(replicas.map((it) => granted([it], portal, 100, 6200)));
    for (const share of shares) expect(share).toBeGreaterThanOrEqual(2);
  });

  it('counts permits that Redis has forgotten, as after a restart that lost its last writes', async () => {
    const portal = await oldPortal();
    const limiter = replica();
    for (let i = 0; i < 3; i++) await acquire(limiter, portal);
    const redis = server.client();
    await redis.del(`b24:{${portal}}:permits`);
    await setLevel(redis, portal, 0);
    redis.disconnect();
    expect((await limiter.level(portal, plan)).left).toBeLessThanOrEqual(capacity - 3);
  });

  it('has permits in hand once a portal is busy, for which no command is sent', async () => {
    const portal = await oldPortal();
    const limiter = replica();
    expect(limiter.tryAcquire(portal, plan)).toBeUndefined();
    const busy = { burst: 1000, drainPerSecond: 2 };
    for (let i = 0; i < 20; i++) (await limiter.acquire(portal, busy)).settle();
    const redis = server.client();
    const commandsBefore = await commandCount(redis);
    let inHand = 0;
    for (let permit; (permit = limiter.tryAcquire(portal, busy)); inHand++) permit.settle();
    expect(inHand).toBeGreaterThan(0);
    expect((await commandCount(redis)) - commandsBefore).toBe(1);
    redis.disconnect();
  });

  it('returns permits that nobody uses, also when it is idle', async () => {
    const portal = await oldPortal();
    const limiter = replica();
    const permit = await limiter.acquire(portal, plan);
    permit.refund();
    expect(await granted([replica()], portal, capacity, 3000)).toBe(capacity);
  });

  it('is not blocked by replicas that were killed while they held a permit', async () => {
    const portal = await oldPortal();
    for (let i = 0; i < 3; i++) {
      const killed = replica();
      await killed.acquire(portal, plan);
      open.at(-1)?.redis.disconnect();
    }
    expect(await granted([replica()], portal, capacity - 3, 2000)).toBe(capacity - 3);
  });

  it('rejects with store_unavailable in time when Redis is down, and recovers when it is back', async () => {
    const portal = await oldPortal();
    const redis = new Redis(server.url, { commandTimeout: 300 });
    redis.on('error', () => undefined);
    const limiter = new LeasedRateLimiter({ redis, clock: systemClock });
    open.push({ limiter, redis });
    await limiter.acquire(portal, plan);
    await server.kill();
    await expect(limiter.acquire(portal, plan)).rejects.toMatchObject({
      code: 'store_unavailable',
    } satisfies Partial<Fault>);
    await server.startAgain({ withData: true });
    while (redis.status !== 'ready') await new Promise(setImmediate);
    await limiter.acquire(portal, plan);
  });

  it.each([{ withData: true }, { withData: false }])(
    'strands no acquisition when Redis is killed meanwhile (with its data: $withData)',
    async ({ withData }) => {
      const portal = await oldPortal();
      const limiter = replica();
      await granted([limiter], portal, capacity, 2000);
      const waiting = limiter.acquire(portal, plan).then(
        () => 'granted',
        (fault: unknown) => (fault as Fault).code,
      );
      await server.kill();
      await server.startAgain({ withData });
      expect(['granted', 'store_unavailable']).toContain(await waiting);
      await limiter.acquire(portal, plan);
      expect((await limiter.level(portal, plan)).left).toBeLessThanOrEqual(2);
    },
  );
});
