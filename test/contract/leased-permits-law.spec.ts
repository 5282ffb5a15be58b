import { capacityOf, type Plan } from '@b24/queue';
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { PortalPermits } from '../../libs/queue/src/portal-permits';
import { PermitWorld, type PermitWorldOptions, type ScriptChange } from '../support/permit-world';
import { RedisServer } from '../support/redis-server';

const common: Plan = { burst: 50, drainPerSecond: 2 };
/** One permit at a time. */
const tiny: Plan = { burst: 3, drainPerSecond: 1 };
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
type Generated<It> = It extends fc.Arbitrary<infer Value> ? Value : never;
type Step = Generated<typeof step>;
type Broken = Pick<PermitWorldOptions, 'changes' | 'noticesReconnects'>;

/** Private parts of PortalPermits, which tests remove. */
interface Lapsing {
  isLapsed(): boolean;
}
interface Outstanding {
  readonly outstanding: number;
}

const setting = {
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

/** Any other error is one of the test itself, such as a text that the script does not contain. */
function isFailedExpectation(error: unknown): true {
  if (error instanceof Error && 'matcherResult' in error) return true;
  throw error;
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
  const history = fc.record({
    around: fc.record(setting),
    steps: fc.array(step, { minLength: 5, maxLength: 25 }),
  });
  type History = Generated<typeof history>;

  const runHistory = ({ around, steps }: History, broken: Broken = {}) =>
    PermitWorld.run({ redis, plan: common, ...broken, ...around }, async (world) => {
      for (const it of steps) await take(world, it);
      await world.clock.advance(6000);
      expect(world.vendor.worstExcess).toBeLessThanOrEqual(0);
      expect(world.grantedInBackOff).toBe(0);
      // However many wait, each gets its permit, at the sustained rate.
      await world.clock.advance(10_000 + (world.waiting * 1000) / world.vendor.plan.drainPerSecond);
      expect(world.waiting).toBe(0);
      expect(world.vendor.worstExcess).toBeLessThanOrEqual(0);
    });

  /** Replicas that always want a permit. */
  const demand = fc.record({
    around: fc.record(setting),
    plan: fc.constantFrom(common, large),
    arrivesAfterMs: fc.nat({ max: 400 }),
  });

  const runDemand = ({ around, plan, arrivesAfterMs }: Generated<typeof demand>, broken: Broken = {}) =>
    PermitWorld.run({ redis, plan, ...broken, ...around }, async (world) => {
      const seconds = 20;
      const untilMs = world.clock.now() + seconds * 1000;
      let granted = 0;
      const pump = async (replica: number) => {
        while (world.clock.now() < untilMs) {
          await world.request(replica, { refunded: false, arrivesAfterMs, answeredAfterMs: 50 });
          granted++;
        }
      };
      for (let i = 0; i < around.replicas; i++) void pump(i);
      await world.clock.advance(seconds * 1000);
      // While the first burst is under way, the level is not drained below it.
      const drainedMs = seconds * 1000 - arrivesAfterMs - 250;
      expect(granted).toBeGreaterThanOrEqual(capacityOf(plan) + (plan.drainPerSecond * drainedMs) / 1000 - 3);
      expect(world.vendor.worstExcess).toBeLessThanOrEqual(0);
      await world.clock.advance(10_000);
    });

  /** One replica leases more than it uses; another wants what is left. */
  const leftover = fc.record({ around: fc.record(setting), refunds: fc.integer({ min: 1, max: 40 }) });

  const runLeftover = ({ around, refunds }: Generated<typeof leftover>, broken: Broken = {}) =>
    PermitWorld.run({ redis, plan: common, ...broken, ...around, replicas: 2 }, async (world) => {
      for (let i = 0; i < refunds; i++) {
        void world.request(0, { refunded: true, arrivesAfterMs: 400, answeredAfterMs: 0 });
      }
      await world.clock.advance(3000);
      for (let i = 0; i < capacityOf(common); i++) {
        void world.request(1, { refunded: false, arrivesAfterMs: 0, answeredAfterMs: 0 });
      }
      await world.clock.advance(2500);
      expect(world.waiting).toBe(0);
    });

  /** Requests that are answered in the second that a restart loses, and then others. */
  const forgotten = fc.record({
    around: fc.record(setting),
    counts: fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 })),
    takers: fc.tuple(replica, replica),
    passMs: fc.nat({ max: 700 }),
    downMs: fc.nat({ max: 3000 }),
  });

  const runForgotten = (it: Generated<typeof forgotten>, broken: Broken = {}) =>
    PermitWorld.run({ redis, plan: common, ...broken, ...it.around }, async (world) => {
      const [before, after] = it.counts;
      const quick = { refunded: false, arrivesAfterMs: 10, answeredAfterMs: 10 };
      await world.clock.advance(1000);
      for (let i = 0; i < before; i++) void world.request(it.takers[0], quick);
      await world.clock.advance(it.passMs);
      await world.restart(900, it.downMs);
      for (let i = 0; i < after; i++) void world.request(it.takers[1], quick);
      await world.clock.advance(60_000);
      expect(world.vendor.worstExcess).toBeLessThanOrEqual(0);
      expect(world.waiting).toBe(0);
    });

  /** A replica is killed while it waits for the only permit that the portal has at a time. */
  const turns = fc.record({ around: fc.record(setting), passMs: fc.nat({ max: 900 }) });

  const runTurns = ({ around, passMs }: Generated<typeof turns>, broken: Broken = {}) =>
    PermitWorld.run({ redis, plan: tiny, ...broken, ...around, replicas: 2 }, async (world) => {
      const quick = { refunded: false, arrivesAfterMs: 0, answeredAfterMs: 10 };
      for (let i = 0; i < 3; i++) void world.request(0, quick);
      await world.clock.advance(passMs);
      void world.request(1, quick);
      world.kill(0);
      await world.clock.advance(9000);
      expect(world.waiting).toBe(0);
    });

  it('the vendor’s counter never exceeds X − Y, a back-off is obeyed, and no acquisition waits for ever', async () => {
    await fc.assert(
      fc.asyncProperty(history, (it) => runHistory(it)),
      { numRuns: 150 },
    );
  }, 240_000);

  it('replicas that always want a permit get X − 2Y and then Y per second', async () => {
    await fc.assert(
      fc.asyncProperty(demand, (it) => runDemand(it)),
      { numRuns: 20 },
    );
  }, 240_000);

  it('permits that a replica leased and did not use are another’s within some seconds', async () => {
    await fc.assert(
      fc.asyncProperty(leftover, (it) => runLeftover(it)),
      { numRuns: 20 },
    );
  }, 240_000);

  it('what a Redis lost in a restart is not granted once more', async () => {
    await fc.assert(
      fc.asyncProperty(forgotten, (it) => runForgotten(it)),
      { numRuns: 40 },
    );
  }, 240_000);

  it('a replica that is killed while it waits holds up nobody', async () => {
    await fc.assert(
      fc.asyncProperty(turns, (it) => runTurns(it)),
      { numRuns: 20 },
    );
  }, 240_000);

  describe('fails without', () => {
    afterEach(() => jest.restoreAllMocks());

    const isNoticed = async (broken: Broken): Promise<boolean> => {
      const runs = [
        ...fc.sample(leftover, { seed: 1, numRuns: 2 }).map((it) => () => runLeftover(it, broken)),
        ...fc.sample(demand, { seed: 1, numRuns: 2 }).map((it) => () => runDemand(it, broken)),
        ...fc.sample(turns, { seed: 1, numRuns: 5 }).map((it) => () => runTurns(it, broken)),
        ...fc.sample(forgotten, { seed: 1, numRuns: 20 }).map((it) => () => runForgotten(it, broken)),
        ...fc.sample(history, { seed: 1, numRuns: 200 }).map((it) => () => runHistory(it, broken)),
      ];
      for (const run of runs) if (await run().then(() => false, isFailedExpectation)) return true;
      return false;
    };

    it.each<[string, ...ScriptChange[]]>([
      ['the share of what is free', ['math.min(want, share, math.floor(free - ahead))', 'want']],
      ['the count of what is leased', ["'%.9f', level + granted", "'%.9f', level"]],
      ['the count of what Redis forgot', ['local change = count - mine.count', 'local change = 0']],
      ['the pace, at twice of it', ['math.min(perMs, stored[i + 1] / 1000)', '2 * perMs']],
      ['the floor of what may still arrive', ['alive + floor', '0'], ['alive + outstanding', '0']],
      ['the outstanding requests of a killed replica', ['contactMs = 6000', 'contactMs = 600']],
      ['the back-off', ['if backOffUntil > now', 'if false']],
      ['the end of a waiter that was killed', ['waiterMs = 1000', 'waiterMs = 1e12']],
    ])(
      '%s',
      async (_, ...changes) => {
        expect(await isNoticed({ changes })).toBe(true);
      },
      240_000,
    );

    it('the pause after a reconnect, in which the others report', async () => {
      expect(await isNoticed({ noticesReconnects: false })).toBe(true);
    }, 240_000);

    it('the lapse of permits in hand', async () => {
      jest.spyOn(PortalPermits.prototype as unknown as Lapsing, 'isLapsed').mockReturnValue(false);
      expect(await isNoticed({})).toBe(true);
    }, 240_000);

    it('the unsettled requests of a replica', async () => {
      jest.spyOn(PortalPermits.prototype as unknown as Outstanding, 'outstanding', 'get').mockReturnValue(0);
      expect(await isNoticed({})).toBe(true);
    }, 240_000);
  });
});
