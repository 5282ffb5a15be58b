import {
  type CallFilter,
  CallLog,
  CallReader,
  type CallRecord,
  CallStore,
  CallTail,
  type LoggedCall,
} from '@b24/call-log';
import { portalId } from '@b24/portal';
import { connectStore, type StoreConnection } from '@b24/redis';
import type { Redis } from 'ioredis';
import { once } from 'node:events';
import { eventually } from '../support/gateway';
import { HandClock } from '../support/hand-clock';
import { RedisCluster } from '../support/redis-cluster';
import { RedisServer } from '../support/redis-server';

const quiet = { lost: () => undefined, back: () => undefined };
const budget = 64 * 1024 * 1024;
const acme = portalId('a'.repeat(32));
const globex = portalId('b'.repeat(32));
const directory = '{b24:calls}';

describe('the call log over a real Redis', () => {
  let server: RedisServer;
  let redis: Redis;
  let store: StoreConnection;
  let calls: CallStore;
  let reader: CallReader;
  let clock: HandClock;
  let logged: string[];
  let made = 0;

  beforeAll(async () => {
    server = await RedisServer.start();
    redis = server.client();
    store = connectStore(server.url, quiet);
  });
  beforeEach(async () => {
    await redis.flushall();
    clock = new HandClock(Date.now());
    calls = new CallStore(store, budget);
    reader = new CallReader(calls);
    logged = [];
    made = 0;
  });
  afterAll(async () => {
    redis.disconnect();
    store.disconnect();
    await server.stop();
  });

  const call = (more: Partial<CallRecord> = {}): CallRecord => ({
    ...{ atMs: clock.now(), client: 'c_1', clientName: 'planning', portal: acme, method: 'user.get', outcome: 'ok' },
    ...{ requestId: `r${++made}`, tookMs: 9, queueMs: 3, upstreamMs: 5, commands: 2, retries: 0, ...more },
  });
  const replica = (within: Pick<CallStore, 'store'> = calls, connection: Pick<StoreConnection, 'status'> = store) => {
    const say = (_: object, words: string) => void logged.push(words);
    return new CallLog({ redis: connection, store: within, clock, log: { warn: say, info: say } });
  };
  /** Writes calls as a replica that then ends. */
  const write = async (...records: CallRecord[]) => {
    const log = replica();
    for (const it of records) log.record(it);
    await log.settle();
    return log;
  };
  /** Calls that can't be compressed much. */
  const heavy = () => call({ description: Buffer.from(crypto.getRandomValues(new Uint8Array(300))).toString('hex') });
  const ids = (found: readonly CallRecord[]) => found.map(({ requestId }) => requestId).join(' ');
  const find = async (filter: CallFilter = {}, limit = 100) => ids((await reader.page(filter, { limit })).items);
  const all = async (filter: CallFilter, limit: number) => {
    const pages: string[] = [];
    let before: string | undefined;
    do {
      const { items, next } = await reader.page(filter, { limit, ...(before !== undefined && { before }) });
      pages.push(ids(items));
      before = next;
    } while (before !== undefined);
    return pages;
  };

  it('holds what every replica wrote, newest first, page by page', async () => {
    const [one, other] = [replica(), replica()];
    for (let i = 0; i < 6; i++) {
      await clock.advance(1);
      (i % 2 ? one : other).record(call());
    }
    await Promise.all([one.settle(), other.settle()]);
    expect(await all({}, 4)).toEqual(['r6 r5 r4 r3', 'r2 r1']);
    expect((await reader.page({}, { limit: 1 })).items[0]).toMatchObject({ ...call(), requestId: 'r6' });
  });

  it('lists each of many calls of one moment once', async () => {
    for (let i = 0; i < 3; i++) await write(...Array.from({ length: 10 }, () => call()));
    const pages = await all({}, 7);
    const listed = pages.join(' ').trim().split(' ');
    expect([listed.length, new Set(listed).size]).toEqual([30, 30]);
  });

  it.each<[filter: CallFilter, found: string]>([
    [{ client: 'c_2' }, 'r3 r2'],
    [{ portal: globex }, 'r4 r3'],
    [{ client: 'c_2', portal: globex }, 'r3'],
    [{ method: 'CRM.deal.LIST' }, 'r2'],
    [{ outcome: 'portal_error' }, 'r4'],
    [{ outcome: 'ok' }, 'r3 r2 r1'],
    [{ failed: true }, 'r4'],
    [{ requestId: 'r1' }, 'r1'],
    [{ requestId: 'r1', client: 'c_2' }, ''],
    [{ among: [globex] }, 'r4 r3'],
    [{ among: [] }, ''],
    [{ among: [acme], portal: globex }, ''],
    [{ among: Array.from({ length: 30 }, (_, i) => portalId(`${i}`.padEnd(32, 'f'))) }, ''],
  ])('finds by %j: %s, in closed blocks and in open ones', async (filter, found) => {
    const records = [
      call(),
      call({ client: 'c_2', method: 'crm.deal.list' }),
      call({ client: 'c_2', portal: globex }),
      call({ portal: globex, outcome: 'portal_error', error: 'NOT_FOUND', description: 'No such thing.' }),
    ].map((it, i) => ({ ...it, atMs: it.atMs + i }));
    await write(...records);
    expect(await find(filter)).toBe(found);
    await redis.flushall();
    const open = replica();
    open.start();
    for (const it of records) open.record(it);
    await writtenTo(1000, async () => (await calls.segments()).length > 0);
    expect(await find(filter)).toBe(found);
    open.stop();
  });

  it('finds by time, both ends meant as they are said', async () => {
    const at = clock.now();
    await write(call(), call({ atMs: at + 1 }), call({ atMs: at + 2 }));
    expect(await find({ sinceMs: at + 1 })).toBe('r3 r2');
    expect(await find({ untilMs: at + 2 })).toBe('r2 r1');
    expect(await find({ sinceMs: at + 1, untilMs: at + 2 })).toBe('r2');
  });

  it('writes the open block once a second, in place of its earlier state, and closes it after 512 calls', async () => {
    const log = replica();
    log.start();
    for (let i = 0; i < 3; i++) {
      log.record(call());
      await writtenTo(1000, async () => (await find({}, 9)).split(' ').length === i + 1);
    }
    expect(await redis.hlen(`${directory}:1:blocks`)).toBe(1);
    expect(await redis.hlen(`${directory}:1:index`)).toBe(2);
    for (let i = 3; i < 513; i++) log.record(call());
    await writtenTo(1000, async () => (await redis.hlen(`${directory}:1:blocks`)) === 2);
    expect(await redis.hlen(`${directory}:1:index`)).toBeGreaterThan(200);
    log.stop();
    await log.settle();
    expect(await find({ requestId: 'r513' })).toBe('r513');
    expect((await all({}, 200)).join(' ').split(' ')).toHaveLength(513);
  });

  it('writes a part of a block once a second, although calls end while it is written', async () => {
    let [stores, stored] = [0, 0];
    const log = replica({
      store: async (...sent) => {
        stores++;
        log.record(call());
        const place = await calls.store(...sent);
        stored++;
        return place;
      },
    });
    log.start();
    log.record(call());
    for (let seconds = 1; seconds <= 3; seconds++) {
      await clock.advance(1000);
      await eventually(() => stored >= seconds);
      for (let rounds = 0; rounds < 5; rounds++) await looked();
      expect(stores).toBe(seconds);
    }
    log.stop();
  });

  it('closes a block of a quiet replica after ten minutes', async () => {
    const log = replica();
    log.start();
    log.record(call());
    await writtenTo(1000, async () => (await redis.hlen(`${directory}:1:index`)) === 2);
    await writtenTo(600_000, async () => (await redis.hlen(`${directory}:1:index`)) > 2);
    log.stop();
  });

  it('follows the calls that come while somebody watches, without those before', async () => {
    const log = replica();
    log.start();
    log.record(call());
    await writtenTo(1000, async () => (await find()) === 'r1');
    const tail = new CallTail(calls, clock);
    const shown: LoggedCall[] = [];
    const failed: LoggedCall[] = [];
    const leave = tail.watch({ filter: {}, show: (it) => void shown.push(...it), end: () => undefined });
    tail.watch({ filter: { failed: true }, show: (it) => void failed.push(...it), end: () => undefined });
    await looked();
    log.record(call());
    log.record(call({ outcome: 'portal_error' }));
    await write(call());
    await writtenTo(1000, () => Promise.resolve(shown.length === 3));
    expect([ids(shown).split(' ').sort(), ids(failed)]).toEqual([['r2', 'r3', 'r4'], 'r3']);
    leave?.();
    tail.stop();
    log.stop();
    await looked();
    expect(clock.pending).toBe(0);
  });

  it('ends those who watch when the replica stops, and takes twenty at most', () => {
    const tail = new CallTail(calls, clock);
    let ended = 0;
    const watcher = () => ({ filter: {}, show: () => undefined, end: () => void ended++ });
    const watching = Array.from({ length: 21 }, () => tail.watch(watcher()));
    expect(watching.map((it) => it !== undefined).lastIndexOf(true)).toBe(19);
    tail.stop();
    expect(ended).toBe(20);
    tail.watch(watcher());
    expect(ended).toBe(21);
  });

  describe('while Redis is away', () => {
    it('holds ten thousand calls, drops and counts the others, and writes what it held once it is back', async () => {
      const connection = { status: 'reconnecting' as StoreConnection['status'] };
      const log = replica(calls, connection);
      log.start();
      for (let i = 0; i < 10_003; i++) log.record(call());
      await clock.advance(1000);
      for (let i = 0; i < 600; i++) log.record(call());
      expect([log.dropped, logged]).toEqual([91, ['cannot write the call log; calls wait']]);
      connection.status = 'ready';
      await writtenTo(1000, async () => (await find({ requestId: 'r1' })) === 'r1');
      await writtenTo(1000, async () => (await find({ requestId: 'r10515' })) !== '');
      log.stop();
      expect(logged[1]).toBe('call log writes resumed');
      expect((await all({}, 200)).join(' ').split(' ')).toHaveLength(10_512);
    });

    it('drops and counts what it can’t write when the replica ends', async () => {
      const log = replica(calls, { status: 'end' });
      for (let i = 0; i < 600; i++) log.record(call());
      await log.settle();
      expect(log.dropped).toBe(600);
    });

    it('lists a block once whose first write was done though it failed', async () => {
      let failures = 1;
      const lossy: Pick<CallStore, 'store'> = {
        store: async (...sent) => {
          const place = await calls.store(...sent);
          if (failures-- > 0) throw new Error('lost');
          return place;
        },
      };
      const log = replica(lossy);
      log.start();
      log.record(call());
      await writtenTo(1000, () => Promise.resolve(failures <= 0));
      log.record(call());
      await writtenTo(1000, () => Promise.resolve(failures < 0));
      log.stop();
      await log.settle();
      expect(await redis.hlen(`${directory}:1:blocks`)).toBe(2);
      expect((await find()).split(' ').sort()).toEqual(['r1', 'r2']);
    });
  });

  describe('with a budget', () => {
    it('drops the oldest segments with their indexes when it is spent, and stays within it', async () => {
      calls = new CallStore(store, 1024 * 1024);
      reader = new CallReader(calls);
      for (let i = 0; i < 40; i++) await write(...Array.from({ length: 100 }, heavy));
      const segments = await calls.segments();
      const bytes = segments.reduce((sum, it) => sum + it.bytes, 0);
      expect(bytes).toBeLessThanOrEqual(1024 * 1024);
      expect(bytes).toBeGreaterThan(900 * 1024);
      const keys = segments.flatMap(({ segment: it }) => [`${directory}:${it}:blocks`, `${directory}:${it}:index`]);
      expect((await redis.keys('*')).sort()).toEqual([directory, ...keys].sort());
      expect(await find({ requestId: 'r1' })).toBe('');
      expect(await find({ requestId: 'r4000' })).toBe('r4000');
    });

    it('drops segments that are a day old, and begins one every hour', async () => {
      const hour = 3_600_000;
      const now = clock.now();
      for (const ago of [26, 25, 23, 1, 0]) await write(call({ atMs: now - ago * hour }));
      expect((await calls.segments()).map(({ segment }) => segment)).toEqual([3, 4, 5]);
      expect(await find()).toBe('r5 r4 r3');
      const lives = await Promise.all((await redis.keys('*')).map((it) => redis.pttl(it)));
      expect(Math.min(...lives)).toBeGreaterThan(23 * hour);
    });
  });

  it('is read by eight at once, so that readers leave time for calls', async () => {
    await write(call());
    const pages = await Promise.allSettled(Array.from({ length: 9 }, () => reader.page({}, { limit: 1 })));
    expect(pages.filter(({ status }) => status === 'fulfilled')).toHaveLength(8);
    expect(pages[8]).toMatchObject({ reason: { code: 'too_many_requests' } });
    expect(await find()).toBe('r1');
  });

  describe('read while it changes', () => {
    it('skips blocks that are gone or no block, segments that are gone, and directory entries that are none', async () => {
      await write(call());
      await write(call());
      await write(call());
      await redis.hdel(`${directory}:1:blocks`, '0');
      await redis.hset(`${directory}:1:blocks`, '1', 'no block');
      await redis.hset(directory, { '2': '1 9999999999999 5 5', '3': 'no segment', x: '' });
      await redis.hset(`${directory}:2:index`, { times: 'abc', open: 'x' });
      expect(await find()).toBe('r3');
      expect(await find({ requestId: 'r3' })).toBe('r3');
      await redis.del(`${directory}:1:index`);
      expect(await find()).toBe('');
    });

    it('goes on in another segment when its own was removed', async () => {
      const log = replica();
      log.start();
      log.record(call());
      await writtenTo(1000, async () => (await find()) === 'r1');
      await redis.flushall();
      log.record(call());
      await writtenTo(1000, async () => (await find()) !== '');
      log.stop();
      expect((await find()).split(' ').sort()).toEqual(['r1', 'r2']);
    });

    it('ends a page after two hundred blocks that hold nothing wanted, and says where it goes on', async () => {
      const log = replica();
      for (let i = 0; i < 210; i++) {
        log.record(call({ atMs: clock.now() + i }));
        await log.settle();
      }
      const wanted = { client: 'c_1', sinceMs: 0, method: 'user.get', among: Array.from({ length: 30 }, () => globex) };
      const first = await reader.page(wanted, { limit: 10 });
      expect([first.items, first.next]).toEqual([[], expect.stringMatching(/^\d+\.~$/)]);
      expect(await reader.page(wanted, { limit: 10, before: first.next ?? '' })).toEqual({ items: [] });
      const others = { ...wanted, among: [...wanted.among, acme] };
      expect(ids((await reader.page(others, { limit: 1, before: first.next ?? '' })).items)).toBe('r10');
    });
  });

  it('is written, searched and trimmed in a cluster as well', async () => {
    const cluster = await RedisCluster.start();
    const clustered = connectStore(cluster.url, quiet);
    await once(clustered, 'ready');
    const small = new CallStore(clustered, 64 * 1024);
    for (let i = 0; i < 30; i++) {
      const log = replica(small, clustered);
      for (let n = 0; n < 50; n++) log.record(heavy());
      await log.settle();
    }
    const segments = await small.segments();
    expect(segments[0]?.segment).toBeGreaterThan(1);
    const { items } = await new CallReader(small).page({ requestId: 'r1500' }, { limit: 9 });
    expect(ids(items)).toBe('r1500');
    clustered.disconnect();
    await cluster.stop();
  }, 60_000);

  /** Moves the clock on, and further second by second until Redis holds what is written then. */
  async function writtenTo(ms: number, isDone: () => Promise<boolean>): Promise<void> {
    for (let next = ms; !(await isDone()); next = 1000) {
      await clock.advance(next);
      await looked();
    }
  }

  /** One round trip: what was sent before is done. */
  async function looked(): Promise<void> {
    await redis.ping();
    await store.ping();
  }
});
