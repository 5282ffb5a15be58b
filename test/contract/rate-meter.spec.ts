import { type Client, ClientKeys, maxDebtCommands, RedisRateMeter } from '@b24/access';
import { Fault, Secret } from '@b24/portal';
import type { Redis } from 'ioredis';
import { eventually } from '../support/gateway';
import { HandClock, settle } from '../support/hand-clock';
import { RedisServer } from '../support/redis-server';

const wanted = { name: 'n', scopes: ['call' as const], portals: 'all' as const };
const never = new AbortController().signal;

describe('the rate of a key over a real Redis', () => {
  let server: RedisServer;
  let redis: Redis;
  let clock: HandClock;
  let keys: ClientKeys;
  let meter: RedisRateMeter;

  beforeAll(async () => {
    server = await RedisServer.start();
    redis = server.client();
  });
  beforeEach(async () => {
    await redis.flushall();
    clock = new HandClock();
    keys = new ClientKeys(redis, new Secret('x'.repeat(40)), clock);
    meter = new RedisRateMeter(redis, keys, clock);
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });
  /** So slow that nothing comes back while a test runs. */
  const rated = async (burst: number) => keys.create({ ...wanted, rate: { perSecond: 0.001, burst } });
  const admitted = async (key: string) => (await keys.admit(key))!;
  const owes = async (client: Client) => Math.round((await meter.debtMs(client)) / 1_000_000);
  const asked = async (work: () => Promise<unknown>) => {
    const before = Number(/total_commands_processed:(\d+)/.exec(await redis.info('stats'))?.[1]);
    await work();
    return Number(/total_commands_processed:(\d+)/.exec(await redis.info('stats'))?.[1]) - before - 1;
  };

  it('is paid for the first command by what lets the request in, and by nobody for the rest', async () => {
    const client = await admitted((await rated(1)).key);
    expect(await asked(() => meter.charge(client, 1, never))).toBe(0);
    expect(await owes(client)).toBe(0);
    await meter.charge(client, 1, never);
    expect(await owes(client)).toBe(1);
  });

  it('costs a client without one no question to Redis', async () => {
    const client = await admitted((await keys.create(wanted)).key);
    const all = async () => {
      await meter.charge(client, 500, never);
      await meter.waitUntilPaid(client, never);
      expect(await meter.debtMs(client)).toBe(0);
    };
    expect(await asked(all)).toBe(0);
  });

  it('refuses the next request until what it owes is paid, and says how long that is', async () => {
    const { key } = await rated(1);
    await meter.charge(await admitted(key), 50, never);
    const refused = await keys.admit(key).catch((error: unknown) => error as Fault);
    expect(refused).toMatchObject({ code: 'client_rate_limited' });
    expect(Math.round(((refused as Fault).retryAfterMs ?? 0) / 1_000_000)).toBe(50);
  });

  it('is asked once for all commands of the same moment', async () => {
    const client = await admitted((await rated(1)).key);
    const spend = () => Promise.all(Array.from({ length: 200 }, () => meter.charge(client, 1, never)));
    // One script, which runs four commands.
    expect(await asked(spend)).toBeLessThanOrEqual(5);
    expect(await owes(client)).toBe(199);
  });

  it('makes commands beyond the largest debt wait, and counts none of those that were given up', async () => {
    const client = await admitted((await rated(1)).key);
    await meter.charge(client, maxDebtCommands + 1, never);
    const caller = new AbortController();
    const waiting = meter.charge(client, 1, caller.signal).catch((error: unknown) => error);
    await settle();
    expect(await owes(client)).toBe(maxDebtCommands + 1);
    caller.abort(new Fault('deadline_exceeded'));
    expect(await waiting).toMatchObject({ code: 'client_rate_limited' });
    expect(await owes(client)).toBe(maxDebtCommands);
  });

  it('holds whatever goes on for long until the debt is paid', async () => {
    const { client: made } = await keys.create({ ...wanted, rate: { perSecond: 10, burst: 1 } });
    const client = await keys.byId(made.id);
    await meter.charge(client, 2, never);
    let isPaid = false;
    const waiting = meter.waitUntilPaid(client, never).then(() => (isPaid = true));
    await eventually(() => clock.pending === 1);
    expect(isPaid).toBe(false);
    // The store's own time went on meanwhile.
    await redis.hset((await redis.keys('*:use'))[0] ?? '', 'tokens', '0');
    await clock.advance(1000);
    await waiting;
  });

  it('counts for what a client left to be done, by its key of now', async () => {
    const { client: made } = await rated(1);
    const { key } = await keys.rotate(made.id, { graceMs: 0 });
    await meter.charge(await keys.byId(made.id), 10, never);
    await expect(keys.admit(key)).rejects.toMatchObject({ code: 'client_rate_limited' });
  });

  it('leaves nothing of a client that was deleted while it sent', async () => {
    const { client: made, key } = await rated(1);
    const client = await admitted(key);
    await keys.remove(made.id);
    await meter.charge(client, 10, never);
    expect(await redis.keys('*')).toEqual([]);
  });
});
