import { setTimeout as wait } from 'node:timers/promises';
import { BottleneckBucket, capacityOf } from '@b24/queue';
import { type Fault, type PortalId, portalId, systemClock } from '@b24/portal';
import { Redis } from 'ioredis';
import { RedisServer } from '../support/redis-server';

const plan = { burst: 10, drainPerSecond: 2 };
const capacity = capacityOf(plan);
let counter = 0;
const freshPortal = () => portalId((++counter).toString(16).padStart(32, '0'));

describe('the bucket over a real Redis', () => {
  let server: RedisServer;
  const open: { bucket: BottleneckBucket; redis: Redis }[] = [];

  const replica = () => {
    const redis = server.client();
    redis.on('error', () => undefined);
    const bucket = new BottleneckBucket({ redis, clock: systemClock });
    open.push({ bucket, redis });
    return bucket;
  };
  /** A portal that has been known for long, so that its bucket is full. */
  const oldPortal = async () => {
    const portal = freshPortal();
    const redis = server.client();
    await redis.set(`b_lane_{${portal}}_born`, Date.now() - 3_600_000);
    redis.disconnect();
    return portal;
  };
  /** One request that is answered at once. */
  const taken = async (bucket: BottleneckBucket, portal: PortalId) => {
    const drop = await bucket.take(portal, plan);
    drop.arrived();
    return drop.level;
  };
  /** How many of `wanted` takes, one after the other as a lane does, were let out within the time. */
  const letOut = async (
    buckets: BottleneckBucket[],
    portal: ReturnType<typeof portalId>,
    wanted: number,
    ms: number,
  ) => {
    let count = 0;
    let over = false;
    const pump = async (bucket: BottleneckBucket) => {
      while (!over && count < wanted) {
        await taken(bucket, portal);
        if (!over) count++;
      }
    };
    const pumps = Promise.allSettled(buckets.map(pump));
    await Promise.race([pumps, wait(ms)]);
    over = true;
    return count;
  };

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterEach(() => {
    for (const { bucket, redis } of open.splice(0)) {
      bucket.close();
      redis.disconnect();
    }
  });
  afterAll(() => server.stop());

  it('lets a full burst of X − 2Y out at once and then Y a second', async () => {
    const portal = await oldPortal();
    expect(await letOut([replica()], portal, 100, 3400)).toBeGreaterThanOrEqual(capacity + 2 * 3 - 2);
    expect((await replica().level(portal, plan)).left).toBeLessThanOrEqual(2);
  });

  it('lets nothing drip in the place of requests that may not have arrived, however late they are', async () => {
    const portal = await oldPortal();
    const bucket = replica();
    const drops = await Promise.all(Array.from({ length: capacity }, () => bucket.take(portal, plan)));
    await wait(2200);
    expect((await bucket.level(portal, plan)).left).toBe(0);
    for (const drop of drops) drop.arrived();
    expect(await letOut([bucket], portal, 2, 3000)).toBe(2);
  });

  it('waits for the arrival of a request for seconds only, so that one whose replica was killed costs no more', async () => {
    const portal = await oldPortal();
    const killed = replica();
    await Promise.all(Array.from({ length: capacity }, () => killed.take(portal, plan)));
    open.at(-1)?.redis.disconnect();
    expect(await letOut([replica()], portal, 1, 9000)).toBe(1);
  });

  it('is one bucket for all replicas', async () => {
    const portal = await oldPortal();
    const count = await letOut([replica(), replica(), replica()], portal, 100, 2300);
    expect(count).toBeGreaterThanOrEqual(capacity + 2);
    expect(count).toBeLessThanOrEqual(capacity + 2 * 3);
  });

  it('starts empty for a portal that is new here, so that a store that lost its data cannot trip the vendor', async () => {
    const portal = freshPortal();
    const bucket = replica();
    await bucket.open(portal, plan);
    expect((await bucket.level(portal, plan)).left).toBeLessThanOrEqual(2);
  });

  it('lets nothing out while it stands back', async () => {
    const portal = await oldPortal();
    const bucket = replica();
    await bucket.standBack(portal, plan, 2000);
    expect((await bucket.level(portal, plan)).left).toBeLessThan(0);
    expect(await letOut([bucket], portal, 1, 900)).toBe(0);
  });

  it('takes back what was not used, and never holds more than its capacity', async () => {
    const portal = await oldPortal();
    const bucket = replica();
    const drop = await bucket.take(portal, plan);
    await drop.giveBack();
    await drop.giveBack();
    expect((await bucket.level(portal, plan)).left).toBe(capacity);
  });

  it('goes by the time of Redis, so that a replica whose clock is ahead gains nothing', async () => {
    const portal = await oldPortal();
    const bucket = replica();
    await letOut([bucket], portal, capacity, 2000);
    const realNow = Date.now;
    Date.now = () => realNow() + 3_600_000;
    try {
      expect((await replica().level(portal, plan)).left).toBeLessThanOrEqual(2);
    } finally {
      Date.now = realNow;
    }
  });

  it('keeps to the new limits when a replica starts with others', async () => {
    const portal = await oldPortal();
    await replica().open(portal, { burst: 50, drainPerSecond: 2 });
    expect((await replica().level(portal, { burst: 8, drainPerSecond: 2 })).left).toBeLessThanOrEqual(4);
  });

  it('keeps to the new limits of a portal while it is in use', async () => {
    const portal = await oldPortal();
    const bucket = replica();
    await bucket.take(portal, { burst: 50, drainPerSecond: 2 });
    expect((await taken(bucket, portal)).left).toBeLessThan(capacity);
    expect((await bucket.level(portal, { burst: 250, drainPerSecond: 5 })).capacity).toBe(240);
  });

  it('shares its drips evenly among replicas that all wait', async () => {
    const portal = await oldPortal();
    const replicas = [replica(), replica(), replica()];
    await letOut(replicas, portal, capacity, 2000);
    const shares = await Promise.all(replicas.map((it) => letOut([it], portal, 100, 6200)));
    for (const share of shares) expect(share).toBeGreaterThanOrEqual(2);
  });

  it('goes on after Redis has forgotten this replica, as it does with a process that was frozen', async () => {
    const portal = await oldPortal();
    const bucket = replica();
    await bucket.take(portal, plan);
    const redis = server.client();
    const clients = ['running', 'num_queued', 'last_registered', 'last_seen'];
    await redis.del(clients.map((name) => `b_lane_{${portal}}_client_${name}`));
    redis.disconnect();
    await bucket.take(portal, plan);
    expect((await bucket.level(portal, plan)).left).toBe(capacity - 2);
  });

  it('is not held up by replicas that were killed in the middle of a departure', async () => {
    const portal = await oldPortal();
    for (let i = 0; i < 3; i++) {
      const killed = replica();
      await killed.take(portal, plan);
      open.at(-1)?.redis.disconnect();
    }
    expect(await letOut([replica()], portal, capacity - 3, 2000)).toBe(capacity - 3);
  });

  it('says store_unavailable in time when Redis is gone, and goes on when it is back', async () => {
    const portal = await oldPortal();
    const redis = new Redis(server.url, { commandTimeout: 300 });
    redis.on('error', () => undefined);
    const bucket = new BottleneckBucket({ redis, clock: systemClock });
    open.push({ bucket, redis });
    await bucket.take(portal, plan);
    await server.kill();
    await expect(bucket.take(portal, plan)).rejects.toMatchObject({
      code: 'store_unavailable',
    } satisfies Partial<Fault>);
    // Long enough for what Bottleneck still asked of the dead one to fail; nothing of that may go unhandled.
    await wait(1000);
    await server.startAgain({ withData: true });
    await wait(2500);
    await bucket.take(portal, plan);
  });

  it.each([{ withData: true }, { withData: false }])(
    'strands nobody when Redis is killed while a departure waits ($withData: with its data)',
    async ({ withData }) => {
      const portal = await oldPortal();
      const bucket = replica();
      await letOut([bucket], portal, capacity, 2000);
      const waiting = bucket.take(portal, plan).then(
        () => 'let out',
        (fault: unknown) => (fault as Fault).code,
      );
      await server.kill();
      await server.startAgain({ withData });
      expect(['let out', 'store_unavailable']).toContain(await waiting);
      await bucket.take(portal, plan);
      expect((await bucket.level(portal, plan)).left).toBeLessThanOrEqual(2);
    },
  );
});
