import { capacityOf, type Plan } from '@b24/queue';
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { type Fate, PermitWorld, type ScriptChange } from '../support/permit-world';
import { RedisServer } from '../support/redis-server';

const common: Plan = { burst: 50, drainPerSecond: 2 };
const large: Plan = { burst: 250, drainPerSecond: 5 };

const fate = fc.record({
  refunded: fc.nat({ max: 9 }).map((n) => n === 0),
  arrivesAfterMs: fc.oneof(fc.nat({ max: 300 }), fc.integer({ min: 3000, max: 4900 })),
  answeredAfterMs: fc.nat({ max: 300 }),
});
const replica = fc.nat({ max: 3 });
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('burst' as const),
      replica,
      count: fc.integer({ min: 1, max: 60 }),
      fate,
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.oneof(fc.nat({ max: 900 }), fc.nat({ max: 8000 })),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('kill' as const), replica }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('restart' as const),
      lossMs: fc.nat({ max: 1000 }),
      downMs: fc.nat({ max: 3000 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('backOff' as const), replica }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'grow' as const }) },
);
type Step = typeof step extends fc.Arbitrary<infer It> ? It : never;

const surroundings = {
  replicas: fc.integer({ min: 1, max: 4 }),
  phaseMs: fc.nat({ max: 999 }),
  lagsMs: fc.array(fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 80 })), { minLength: 1, maxLength: 12 }),
};

async function take(world: PermitWorld, it: Step): Promise<void> {
  switch (it.kind) {
    case 'burst':
      for (let i = 0; i < it.count; i++) void world.request(it.replica, it.fate);
      return;
    case 'pass':
      return world.clock.advance(it.ms);
    case 'kill':
      world.kill(it.replica);
      return;
    case 'restart':
      return world.restart(it.lossMs, it.downMs);
    case 'backOff':
      void world.backOff(it.replica, 2000);
      return;
    case 'grow':
      world.follow(large);
  }
}

describe('the law of leased permits', () => {
  let server: RedisServer;
  let redis: Redis;

  beforeAll(async () => {
    server = await RedisServer.start();
    redis = server.client();
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  /** Any replicas, arrivals, kills, restarts, back-offs and plan changes. */
  const history = (changes: readonly ScriptChange[] = []) =>
    fc.asyncProperty(
      fc.record(surroundings),
      fc.array(step, { minLength: 5, maxLength: 25 }),
      async (around, steps) => {
        await PermitWorld.run({ redis, plan: common, changes, ...around }, async (world) => {
          for (const it of steps) await take(world, it);
          await world.clock.advance(6000);
          expect(world.vendor.worstExcess).toBeLessThanOrEqual(0);
          expect(world.grantedInBackOff).toBe(0);
          // However many wait, each gets its permit, at the sustained rate.
          await world.clock.advance(10_000 + (world.waiting * 1000) / world.vendor.plan.drainPerSecond);
          expect(world.waiting).toBe(0);
          expect(world.vendor.worstExcess).toBeLessThanOrEqual(0);
        });
      },
    );

  /** Replicas that always want a permit, for a while. */
  const demand = (changes: readonly ScriptChange[] = []) =>
    fc.asyncProperty(
      fc.record(surroundings),
      fc.constantFrom(common, large),
      fc.integer({ min: 0, max: 400 }),
      async (around, plan, arrivesAfterMs) => {
        await PermitWorld.run({ redis, plan, changes, ...around }, async (world) => {
          const seconds = 20;
          const untilMs = world.clock.now() + seconds * 1000;
          const quick: Fate = { refunded: false, arrivesAfterMs, answeredAfterMs: 50 };
          const shares = Array.from({ length: around.replicas }, () => 0);
          const pump = async (i: number) => {
            while (world.clock.now() < untilMs) {
              await world.request(i, quick);
              shares[i] = (shares[i] ?? 0) + 1;
            }
          };
          shares.forEach((_, i) => void pump(i));
          await world.clock.advance(seconds * 1000);
          const total = shares.reduce((a, b) => a + b);
          expect(total).toBeGreaterThanOrEqual(capacityOf(plan) + plan.drainPerSecond * seconds - 2);
          expect(world.vendor.worstExcess).toBeLessThanOrEqual(0);
          await world.clock.advance(10_000);
        });
      },
    );

  it('the vendor’s counter never exceeds X, a back-off is obeyed, and no acquisition waits for ever', async () => {
    await fc.assert(history(), { numRuns: 150 });
  }, 240_000);

  it('replicas that always want a permit get X − 2Y and then Y per second', async () => {
    await fc.assert(demand(), { numRuns: 25 });
  }, 240_000);
});
