import { connectStore, type StoreConnection } from '@b24/redis';
import type Redis from 'ioredis';
import { CallTally, type CountedCall } from '../../libs/history/src/call-tally';
import { HistoryStore, hours, minutes } from '../../libs/history/src/history-store';
import { UsageTally } from '../../libs/history/src/usage-tally';
import { RedisServer } from '../support/redis-server';

const hourMs = 3_600_000;
const beganMs = Math.floor(Date.now() / hourMs) * hourMs;
const portal = 'a'.repeat(32);
const call: CountedCall = {
  ...{ portal, client: 'c_1', clientName: 'planning', method: 'crm.deal.list', outcome: 'ok' },
  ...{ tookMs: 120, queueMs: 20, upstreamMs: 100, commands: 2 },
};
const tallyOf = (calls: number) => {
  const tally = new CallTally();
  for (let i = 0; i < calls; i++) tally.add(call);
  return tally;
};

describe('the history in Redis', () => {
  let server: RedisServer;
  let redis: Redis;
  let store: StoreConnection;
  let one: HistoryStore;
  let other: HistoryStore;

  beforeAll(async () => {
    server = await RedisServer.start();
    redis = server.client();
    store = connectStore(server.url, { warn: () => undefined, info: () => undefined } as never);
  });
  beforeEach(async () => {
    await redis.flushall();
    [one, other] = [new HistoryStore(store), new HistoryStore(store)];
  });
  afterAll(async () => {
    store.disconnect();
    redis.disconnect();
    await server.stop();
  });

  it('adds up the replicas, period by period, within the span', async () => {
    await one.putCalls(portal, minutes, beganMs - hourMs, tallyOf(9));
    await one.putCalls(portal, minutes, beganMs, tallyOf(2));
    await other.putCalls(portal, minutes, beganMs, tallyOf(3));
    await one.putCalls(portal, minutes, beganMs + 60_000, tallyOf(1));
    await one.putCalls('b'.repeat(32), minutes, beganMs, tallyOf(7));
    const points = await one.calls(portal, minutes, beganMs, beganMs + hourMs);
    expect(points.map(({ atMs, tally }) => [atMs - beganMs, tally.calls, tally.requestsMilli])).toEqual([
      [0, 5, 2500],
      [60_000, 1, 500],
    ]);
    const all = await one.calls(portal, minutes, beganMs - hourMs, beganMs + 1);
    expect(all.map(({ tally }) => tally.calls)).toEqual([9, 5]);
  });

  it('replaces what a replica stored of a period before', async () => {
    for (const calls of [1, 2, 3]) await one.putCalls(portal, hours, beganMs, tallyOf(calls));
    const [point, ...others] = await other.calls(portal, hours, beganMs, beganMs + 1);
    expect([point?.atMs, point?.tally.calls, others]).toEqual([beganMs, 3, []]);
  });

  it('has who used a portal, by client and method', async () => {
    const usage = new UsageTally();
    usage.add(call);
    usage.add({ ...call, client: 'c_2', clientName: 'reports', commands: 1 });
    await one.putUsage(portal, minutes, beganMs, usage);
    await other.putUsage(portal, minutes, beganMs, usage);
    const lines = await one.usage(portal, minutes, beganMs, beganMs + 1);
    expect(lines.map(({ clientName, calls, requestsMilli }) => [clientName, calls, requestsMilli])).toEqual([
      ['reports', 2, 2000],
      ['planning', 2, 1000],
    ]);
    expect(await one.usage(portal, minutes, beganMs - hourMs, beganMs)).toEqual([]);
  });

  it('is removed a day, and a month, after its last period', async () => {
    await one.putCalls(portal, minutes, beganMs, tallyOf(1));
    await one.putCalls(portal, hours, beganMs, tallyOf(1));
    await one.putUsage(portal, hours, beganMs, new UsageTally());
    for (const key of await redis.keys('*')) {
      const days = (await redis.pttl(key)) / 86_400_000;
      expect([key, days > 0, days < 33]).toEqual([key, true, true]);
    }
    expect(await redis.keys('*')).toHaveLength(3);
  });

  it('survives values that it did not write', async () => {
    await one.putCalls(portal, minutes, beganMs, tallyOf(1));
    await one.putUsage(portal, minutes, beganMs, new UsageTally());
    for (const key of await redis.keys('*')) await redis.hset(key, '5.bad', '{"a":', 'x.y', '1,2');
    const points = await one.calls(portal, minutes, beganMs, beganMs + hourMs);
    expect(points.filter(({ tally }) => tally.calls > 0).length).toBeGreaterThan(0);
    expect(await one.usage(portal, minutes, beganMs, beganMs + 1)).toEqual([]);
  });

  it('takes less than 120 KB for a portal that is busy all day, and for each day of a month less than 8 KB', async () => {
    const usage = new UsageTally();
    for (let i = 0; i < 20; i++) usage.add({ ...call, method: `crm.method.number${i}` });
    for (let at = 0; at < 24 * 60; at++) await one.putCalls(portal, minutes, beganMs + at * 60_000, tallyOf(50));
    for (let hour = 0; hour < 24; hour++) await one.putUsage(portal, minutes, beganMs + hour * hourMs, usage);
    const bytes = async () => {
      const sizes = await Promise.all((await redis.keys('*')).map((key) => redis.memory('USAGE', key)));
      return sizes.reduce<number>((sum, size) => sum + Number(size), 0);
    };
    expect(await bytes()).toBeLessThan(120_000);
    await redis.flushall();
    for (let hour = 0; hour < 24; hour++) await one.putCalls(portal, hours, beganMs + hour * hourMs, tallyOf(5000));
    await one.putUsage(portal, hours, beganMs, usage);
    expect(await bytes()).toBeLessThan(8_000);
  });
});
