import { RedisStorageBudget } from '@b24/access';
import { sealedBytes, Secret, storedBytes } from '@b24/portal';
import { recordBytes, RedisIdempotencyRecords } from '@b24/idempotency';
import { Keyring } from '@b24/seal';
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { RedisServer } from '../support/redis-server';

const hourMs = 3_600_000;
const lifeMs = 25 * hourMs;
const client = 'c_0123456789abcdef';
/** The longest word that an answer was not kept. */
const notStored = JSON.stringify({
  status: 201,
  headers: {
    'Content-Type': 'application/json; charset=utf-8',
    Location: `/v1/portals/${'f'.repeat(32)}/backlogs/9007199254740991`,
  },
  notStored: 'budget_spent',
});
const keys = [`b24:{${client}}:storage`, `b24:{${client}}:storage:lives`] as const;

describe('a storage budget over a real Redis', () => {
  let server: RedisServer;
  let redis: Redis;
  let budget: RedisStorageBudget;

  beforeAll(async () => {
    server = await RedisServer.start();
    redis = server.client();
  });
  beforeEach(async () => {
    await redis.flushall();
    budget = new RedisStorageBudget(redis, { bytes: 10_000, lifeMs });
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });
  const counted = async () => Number((await redis.hget(keys[0], 'total')) ?? 0);
  /** As if so much time had gone by. */
  const age = async (ms: number) => {
    const lives = await redis.zrange(keys[1], '0', '-1', 'WITHSCORES');
    for (let i = 0; i < lives.length; i += 2) await redis.zadd(keys[1], Number(lives[i + 1]) - ms, lives[i] ?? '');
  };

  it('refuses what goes beyond it, says when there will be room, and counts nothing of it', async () => {
    await budget.charge(client, 6000, { entry: 'old' });
    await age(hourMs);
    await budget.charge(client, 4000, { entry: 'new' });
    const refused = await budget.charge(client, 1).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'storage_budget_spent' });
    const { retryAfterMs = 0 } = refused as { retryAfterMs?: number };
    expect(Math.abs(retryAfterMs - 24 * hourMs)).toBeLessThan(60_000);
    expect(await counted()).toBe(10_000);
  });

  it('asks for more room than it charges where that is said, and for none where none is needed', async () => {
    await expect(budget.charge(client, 1, { room: 10_001 })).rejects.toMatchObject({ code: 'storage_budget_spent' });
    await budget.charge(client, 1, { room: 10_000 });
    await budget.charge(client, 20_000, { entry: 'job', room: 0 });
    expect(await counted()).toBe(20_001);
  });

  it('forgets an entry when its life is over, though nobody released it', async () => {
    await budget.charge(client, 9000, { entry: 'left behind' });
    await age(lifeMs);
    await budget.charge(client, 10_000);
    expect(await counted()).toBe(10_000);
  });

  it('is not the budget of another client', async () => {
    await budget.charge(client, 10_000);
    await budget.charge('c_fedcba9876543210', 10_000);
    await expect(budget.charge(client, 1)).rejects.toMatchObject({ code: 'storage_budget_spent' });
  });

  it('leaves nothing behind of a client that keeps nothing', async () => {
    const charge = await budget.charge(client, 10);
    await budget.settle(client, 'job', 500);
    await budget.settle(client, 'job', 0);
    await budget.release(client, charge);
    await budget.release(client, charge);
    expect(await redis.keys('*')).toEqual([]);
  });

  it('ends with its last entry, whatever became of the client', async () => {
    await budget.charge(client, 10);
    for (const key of keys) expect(await redis.pttl(key)).toBeGreaterThan(lifeMs - 60_000);
  });

  it('counts what is kept, never less and never beyond it, whatever is charged, released and forgotten', async () => {
    const entry = fc.constantFrom('a', 'b', 'c');
    const step = fc.oneof(
      fc.record({ kind: fc.constant('charge' as const), entry, bytes: fc.integer({ min: 1, max: 6000 }) }),
      fc.record({ kind: fc.constant('release' as const), entry, bytes: fc.integer({ min: 1, max: 6000 }) }),
      fc.record({ kind: fc.constant('settle' as const), entry, bytes: fc.integer({ min: 0, max: 3000 }) }),
      fc.record({
        kind: fc.constant('age' as const),
        entry,
        bytes: fc.integer({ min: 0, max: 25 }).map((it) => it * hourMs),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        await redis.flushall();
        const kept = new Map<string, { bytes: number; leftMs: number }>();
        const sum = () => [...kept.values()].reduce((all, { bytes }) => all + bytes, 0);
        for (const it of steps) {
          const had = kept.get(it.entry)?.bytes ?? 0;
          if (it.kind === 'age') {
            await age(it.bytes);
            for (const [name, { bytes, leftMs }] of kept) kept.set(name, { bytes, leftMs: leftMs - it.bytes });
          } else if (it.kind === 'charge') {
            const isTaken = await budget.charge(client, it.bytes, { entry: it.entry }).then(
              () => true,
              () => false,
            );
            for (const [name, { leftMs }] of [...kept]) if (leftMs <= 0) kept.delete(name);
            const left = kept.get(it.entry)?.bytes ?? 0;
            expect(isTaken).toBe(sum() + it.bytes <= 10_000);
            if (isTaken) kept.set(it.entry, { bytes: left + it.bytes, leftMs: lifeMs });
          } else if (it.kind === 'release') {
            await budget.release(client, it);
            const { leftMs } = kept.get(it.entry) ?? { leftMs: 0 };
            kept.set(it.entry, { bytes: Math.max(0, had - it.bytes), leftMs });
          } else {
            await budget.settle(client, it.entry, Math.min(it.bytes, had));
            kept.set(it.entry, { bytes: Math.min(it.bytes, had), leftMs: lifeMs });
          }
          expect(await counted()).toBe(sum());
          expect(sum()).toBeLessThanOrEqual(10_000);
        }
        await age(lifeMs);
        await budget.charge(client, 10_000);
        expect(await counted()).toBe(10_000);
      }),
      { numRuns: 60 },
    );
  });

  it.each([0, 1, 200, 3000, 20_000, 190_000, 256 * 1024])(
    'counts at least what Redis needs for a write whose answer has %d bytes',
    async (bytes) => {
      const seal = new Keyring([{ id: 'key-1', key: Buffer.alloc(32) }]);
      const records = new RedisIdempotencyRecords(redis, seal, {
        leaseMs: 10_000,
        callLimitMs: 60_000,
        keepMs: 1000_000,
      });
      const name = 'f'.repeat(64);
      const claim = { client, name, fingerprint: 'a'.repeat(64), holder: 'b'.repeat(36) };
      await records.acquire(claim);
      expect(await redis.memory('USAGE', `b24:write:${name}`)).toBeLessThan(recordBytes);
      await records.complete(claim, new Secret(notStored));
      expect(await redis.memory('USAGE', `b24:write:${name}`)).toBeLessThanOrEqual(recordBytes);
      await redis.del(`b24:write:${name}`);
      await records.acquire(claim);
      await records.complete(claim, new Secret('x'.repeat(bytes)));
      const used = Number(await redis.memory('USAGE', `b24:write:${name}`));
      expect(used).toBeLessThanOrEqual(recordBytes + sealedBytes(bytes));
    },
  );

  it('counts at least what Redis needs for a text', async () => {
    for (const length of [1, 100, 1025, 16_385, 100_000, 2_100_000]) {
      await redis.del('text');
      await redis.hset('text', 'field', 'x'.repeat(Math.max(65, length)));
      const empty = 400;
      expect(Number(await redis.memory('USAGE', 'text')) - empty).toBeLessThanOrEqual(storedBytes(length));
    }
  });
});
