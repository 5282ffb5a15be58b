import { systemClock } from '@b24/portal';
import { connectStore, InvalidatedCache, Invalidations, maxProofAgeMs, type StoreConnection } from '@b24/redis';
import type { Redis } from 'ioredis';
import { eventually } from '../support/gateway';
import { RedisCluster } from '../support/redis-cluster';
import { RedisServer } from '../support/redis-server';

const quiet = { lost: () => undefined, back: () => undefined };

describe('values in memory, invalidated by a real Redis', () => {
  let server: RedisServer;
  let writer: Redis;
  const ends: (() => void)[] = [];

  beforeAll(async () => {
    server = await RedisServer.start();
    writer = server.client();
    writer.on('error', () => undefined);
  });
  afterEach(async () => {
    for (const end of ends.splice(0)) end();
    await writer.flushall();
  });
  afterAll(async () => {
    writer.disconnect();
    await server.stop();
  });

  function replica(url = server.url) {
    const redis: StoreConnection = connectStore(url, quiet);
    const refused: string[] = [];
    const source = new Invalidations({ redis, clock: systemClock, onRefused: (code) => refused.push(code) });
    const cache = new InvalidatedCache<string>({ source, redis, clock: systemClock, maxEntries: 1000 }, (key) => {
      cache.forget(key);
    });
    source.start();
    ends.push(() => {
      source.close();
      redis.disconnect();
    });
    const proven = () => eventually(() => source.isProven(systemClock.now()));
    let reads = 0;
    const read = (name: string) =>
      cache.get(name, async (through) => {
        reads++;
        const [value, ttlMs] = await Promise.all([through.get(name), through.pttl(name)]);
        return value === null ? undefined : { value, ttlMs };
      });
    return { redis, source, cache, refused, proven, read, readCount: () => reads };
  }

  const kill = async (...names: ('reads' | 'reports')[]) => {
    const clients = String(await writer.client('LIST')).split('\n');
    for (const name of names) {
      const flags = name === 'reads' ? /flags=[A-Zar-z]*t/ : /sub=1 /;
      for (const line of clients.filter((it) => flags.test(it)))
        await writer.client('KILL', 'ID', /\bid=(\d+)/.exec(line)?.[1] ?? '').catch(() => undefined);
    }
  };

  it('are read once, and once more after another connection has changed them', async () => {
    const { cache, proven, read, readCount } = replica();
    await writer.set('k', 'v1');
    await proven();
    expect([await read('k'), await read('k'), cache.peek('k'), readCount()]).toEqual(['v1', 'v1', 'v1', 1]);
    await writer.set('other', 'x');
    await writer.set('k', 'v2');
    await eventually(() => cache.peek('k') === undefined);
    expect([await read('k'), readCount()]).toEqual(['v2', 2]);
    await writer.del('k');
    await eventually(() => cache.peek('k') === undefined);
    expect(await read('k')).toBeUndefined();
  });

  it('are dropped when everything is deleted, and when anything else is published on the channel', async () => {
    const { cache, proven, read } = replica();
    await writer.set('k', 'v1');
    await proven();
    await read('k');
    await writer.flushall();
    await eventually(() => cache.peek('k') === undefined);
    await writer.set('k', 'v2');
    await read('k');
    await writer.publish('__redis__:invalidate', '{"not":"a list"}');
    await eventually(() => cache.peek('k') === undefined);
    expect(await read('k')).toBe('v2');
  });

  it('end with their key', async () => {
    const { cache, proven, read } = replica();
    await writer.set('k', 'v1', 'PX', 300);
    await proven();
    expect(await read('k')).toBe('v1');
    await eventually(() => cache.peek('k') === undefined);
    await eventually(async () => (await read('k')) === undefined);
    await writer.set('k', 'v2');
    await read('k');
    await writer.pexpire('k', 200);
    await eventually(async () => (await read('k')) === undefined);
  });

  it('are never those from before a change that happened while they were read', async () => {
    const { proven, read } = replica();
    await proven();
    for (let round = 1; round <= 300; round++) {
      const work = [() => writer.set('k', `${round}`), () => read('k'), () => read('k')];
      const order = round % 2 ? work : [...work].reverse();
      await Promise.all(order.map((it) => it()));
      // A value of before would stay for a minute.
      await eventually(async () => (await read('k')) === `${round}`);
    }
  });

  it.each([['reads'], ['reports'], ['reads', 'reports']] as const)(
    'are never older than a second when %s %s is cut off while a key changes',
    async (...cut) => {
      const { cache, proven, read, source } = replica();
      for (let round = 1; round <= 4; round++) {
        await writer.set('k', `${round}`);
        await proven();
        await eventually(async () => (await read('k')) === `${round}` && cache.peek('k') === `${round}`);
        const changed = writer.set('k', `${round} changed`);
        await kill(...cut);
        await changed;
        const changedAtMs = systemClock.now();
        for (let value = ''; value !== `${round} changed`;) {
          const askedAtMs = systemClock.now();
          value = (await read('k')) ?? '';
          const isOld = value === `${round}`;
          expect(isOld && askedAtMs - changedAtMs > maxProofAgeMs).toBe(false);
        }
      }
      await eventually(() => source.tracked !== undefined);
    },
    30_000,
  );

  it('are not used while Redis says nothing, and are again when it does', async () => {
    const { cache, proven, read, source } = replica();
    await writer.set('k', 'v1');
    await proven();
    await read('k');
    server.freeze();
    await eventually(() => !source.isProven(systemClock.now()));
    expect(cache.peek('k')).toBeUndefined();
    const reading = read('k').catch((error: unknown) => error);
    expect(await reading).toBeInstanceOf(Error);
    server.thaw();
    await proven();
    await writer.set('k', 'v2');
    await eventually(async () => (await read('k')) === 'v2' && cache.peek('k') === 'v2');
  }, 30_000);

  it.each([true, false])('are those of a Redis that was killed and came back (with its data: %s)', async (withData) => {
    const { cache, proven, read, source } = replica();
    await writer.set('k', 'v1');
    await server.written();
    await proven();
    await read('k');
    await server.kill();
    await eventually(() => source.tracked === undefined);
    expect(cache.peek('k')).toBeUndefined();
    await server.startAgain({ withData });
    await proven();
    expect(await read('k')).toBe(withData ? 'v1' : undefined);
    await writer.set('k', 'v2');
    await eventually(async () => (await read('k')) === 'v2' && cache.peek('k') === 'v2');
  });

  it('are not used while this replica could not read the reports, however many proofs came meanwhile', async () => {
    const { cache, proven, read } = replica();
    await writer.set('k', 'v1');
    await proven();
    await read('k');
    // Nothing is read from a socket while this thread waits, as if the process was stopped.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, maxProofAgeMs + 50);
    expect(cache.peek('k')).toBeUndefined();
  });

  it('do not exist where a user of Redis may not track, and that is reported once', async () => {
    await writer.acl('SETUSER', 'gateway', 'on', '>secret', '~*', '&*', '+@all', '-client|tracking');
    const { cache, read, refused } = replica(`redis://gateway:secret@127.0.0.1:${server.port}`);
    await writer.set('k', 'v1');
    await eventually(() => refused.length > 0);
    expect([await read('k'), cache.peek('k'), refused]).toEqual(['v1', undefined, ['NOPERM']]);
  });

  it('need no more rights than docs/redis.md lists', async () => {
    const rights = ['+get', '+pttl', '+ping', '+info', '+client|id', '+client|tracking', '+subscribe'];
    const channel = '&__redis__:invalidate';
    await writer.acl('SETUSER', 'narrow', 'on', '>secret', '~*', 'resetchannels', channel, '-@all', ...rights);
    const { cache, proven, read } = replica(`redis://narrow:secret@127.0.0.1:${server.port}`);
    await writer.set('k', 'v1');
    await proven();
    expect([await read('k'), cache.peek('k')]).toEqual(['v1', 'v1']);
  });

  it('do not exist in a cluster', async () => {
    const cluster = await RedisCluster.start();
    const { cache, read, redis } = replica(cluster.url);
    await redis.set('k', 'v1');
    expect([await read('k'), cache.peek('k')]).toEqual(['v1', undefined]);
    for (const end of ends.splice(0)) end();
    await cluster.stop();
  }, 60_000);
});
