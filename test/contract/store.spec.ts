import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '@b24/portal';
import {
  checkDurability,
  connectStore,
  keyConflict,
  type Migration,
  ReplicaRegistry,
  Schema,
  type StoreConnection,
  StoreRefused,
} from '@b24/redis';
import { RedisCluster } from '../support/redis-cluster';
import { RedisServer } from '../support/redis-server';

const quiet = { lost: () => undefined, back: () => undefined };

describe('the store over a real Redis', () => {
  let server: RedisServer;
  const open: StoreConnection[] = [];
  const connect = (url = server.url) => {
    const store = connectStore(url, quiet);
    open.push(store);
    return store;
  };
  const codes = async (store: StoreConnection) => (await checkDurability(store)).map(({ code }) => code);

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterEach(async () => {
    for (const store of open.splice(0)) store.disconnect();
    const redis = server.client();
    await redis.flushall();
    redis.disconnect();
  });
  afterAll(() => server.stop());

  describe('asked for its durability', () => {
    it('tells that it keeps everything, that it evicts, and that it forgets', async () => {
      const store = connect();
      expect(await codes(store)).toEqual([]);
      await store.config('SET', 'maxmemory-policy', 'allkeys-lru');
      expect(await codes(store)).toEqual(['would_evict']);
      await store.config('SET', 'maxmemory', '100mb');
      expect(await codes(store)).toEqual(['evicts']);
      await store.config('SET', 'maxmemory', '0');
      await store.config('SET', 'maxmemory-policy', 'noeviction');
      await store.config('SET', 'appendonly', 'no');
      expect(await codes(store)).toEqual(['forgets']);
      await store.config('SET', 'appendonly', 'yes');
    });

    it('is not called durable when it hides INFO, as a managed one may', async () => {
      await connect().acl('SETUSER', 'gateway', 'on', '>secret', '~*', '&*', '+@all', '-info');
      const url = `redis://gateway:secret@127.0.0.1:${server.port}`;
      const [warning] = await checkDurability(connect(url));
      expect(warning?.code).toBe('unknown');
      expect(warning?.detail).toContain('NOPERM');
    });

    it('tells of one bad node among the masters of a cluster', async () => {
      const cluster = await RedisCluster.start();
      const store = connectStore(cluster.url, quiet);
      expect(await codes(store)).toEqual([]);
      const redis = cluster.nodes[1]!.client();
      await redis.config('SET', 'appendonly', 'no');
      expect(await codes(store)).toEqual(['forgets']);
      redis.disconnect();
      store.disconnect();
      await cluster.stop();
    }, 60_000);
  });

  describe('and its schema', () => {
    const said: string[] = [];
    const schema = (...migrations: Migration[]) =>
      new Schema({
        store: connect(),
        clock: systemClock,
        migrations,
        onMigration: (from, says) => said.push(`${from} ${says}`),
      });
    const step = (name: string, run: (store: StoreConnection) => Promise<unknown> = () => Promise.resolve()) => ({
      description: name,
      run: async (store: StoreConnection) => {
        await run(store);
        await store.rpush('test:ran', name);
      },
    });
    const ran = () => connect().lrange('test:ran', 0, -1);
    const version = () => connect().hget('b24:schema', 'version');
    const withOldData = () => connect().zadd('b24:portals', 1, 'a'.repeat(32));

    beforeEach(() => said.splice(0));

    it('an empty store has the newest version at once, without a migration', async () => {
      await schema(step('two'), step('three')).migrate();
      expect([await version(), await ran()]).toEqual(['3', []]);
    });

    it('data from before there were versions is migrated from the first on, each step once', async () => {
      await withOldData();
      await schema(step('two'), step('three')).migrate();
      await schema(step('two'), step('three')).migrate();
      expect([await version(), await ran(), said]).toEqual(['3', ['two', 'three'], ['1 two', '2 three']]);
      expect(await connect().hgetall('b24:schema')).toEqual({ version: '3' });
    });

    it('a newer build migrates from where an older one was', async () => {
      await schema(step('two')).migrate();
      await schema(step('two'), step('three')).migrate();
      expect([await version(), await ran()]).toEqual(['3', ['three']]);
    });

    it('data newer than the build is refused, in words that say so, and left alone', async () => {
      await schema(step('two'), step('three')).migrate();
      const older = schema(step('two'));
      await expect(older.migrate()).rejects.toThrow(StoreRefused);
      await expect(older.requireNewest()).rejects.toThrow('Redis holds data of version 3, and this build');
      expect(await version()).toBe('3');
    });

    it('of many replicas that start together one migrates, and all wait for it', async () => {
      await withOldData();
      let under = 0;
      let most = 0;
      const slow = step('two', async () => {
        most = Math.max(most, ++under);
        await wait(700);
        under--;
      });
      await Promise.all(
        [1, 2, 3, 4].map(() =>
          schema(slow)
            .migrate()
            .then(async () => expect(await version()).toBe('2')),
        ),
      );
      expect([await ran(), most]).toEqual([['two'], 1]);
    });

    it('a replica takes over from one that died in the middle, and a failed step is told and can be tried again', async () => {
      await withOldData();
      const dying = schema(step('two', () => Promise.reject(new Error('out of memory'))));
      await expect(dying.migrate()).rejects.toThrow('out of memory');
      expect([await version(), await ran()]).toEqual(['1', []]);
      await connect().hset('b24:schema', 'untilMs', 0); // its time is over
      await schema(step('two')).migrate();
      expect([await version(), await ran()]).toEqual(['2', ['two']]);
    });
  });

  describe('and the registry of replicas', () => {
    const replica = (writes: string, ...more: string[]) =>
      new ReplicaRegistry(connect(), systemClock, { writes, reads: [writes, ...more] });

    it('tells each who else is there, until it leaves or is silent for long', async () => {
      const [one, two] = [replica('k1'), replica('k2', 'k1')];
      expect(await one.join()).toEqual([]);
      expect(await two.join()).toEqual([{ writes: 'k1', reads: ['k1'] }]);
      await one.leave();
      expect(await two.others()).toEqual([]);
      await connect().hset('b24:replicas', 'dead', '1 {"writes":"k0","reads":["k0"]}');
      expect(await one.others()).toEqual([]);
      expect(await connect().hexists('b24:replicas', 'dead')).toBe(0);
      await two.leave();
    });

    it('finds replicas that could not read what one of them writes, either way round', () => {
      const [old, both, next] = [
        { writes: 'k1', reads: ['k1'] },
        { writes: 'k1', reads: ['k1', 'k2'] },
        { writes: 'k2', reads: ['k2', 'k1'] },
      ];
      const only = { writes: 'k2', reads: ['k2'] };
      expect([keyConflict(both, [old]), keyConflict(next, [both]), keyConflict(only, [next])]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
      expect(keyConflict(next, [old])).toContain("can't read encryption key 'k2'");
      expect(keyConflict(only, [both])).toContain("writes under encryption key 'k1'");
    });
  });
});
