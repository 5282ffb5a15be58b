import { type Client, ClientKeys } from '@b24/access';
import { Secret, systemClock } from '@b24/portal';
import { Invalidations } from '@b24/redis';
import type { Redis } from 'ioredis';
import { eventually } from '../support/gateway';
import { HandClock } from '../support/hand-clock';
import { RedisServer } from '../support/redis-server';

const adminKey = 'x'.repeat(40);
const wanted: Pick<Client, 'name' | 'scopes' | 'portals'> = { name: 'n', scopes: ['call'], portals: 'all' };

describe('client keys over a real Redis', () => {
  let server: RedisServer;
  let redis: Redis;
  let clock: HandClock;
  let keys: ClientKeys;

  beforeAll(async () => {
    server = await RedisServer.start();
    redis = server.client();
  });
  beforeEach(async () => {
    await redis.flushall();
    clock = new HandClock();
    keys = new ClientKeys(redis, new Secret(adminKey), clock);
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });
  const works = async (key: string) => (await keys.admit(key)) !== undefined;

  it('let in who was made, the administrator, and nobody else', async () => {
    const { client, key } = await keys.create(wanted);
    expect(await keys.admit(key)).toEqual(client);
    expect(await keys.admit(adminKey)).toMatchObject({ id: 'admin' });
    for (const wrong of [key.slice(0, -1), `${key}x`, key.toLowerCase(), `${adminKey}x`, '', 'b24_', '*'])
      expect(await works(wrong)).toBe(false);
  });

  it('are nowhere in Redis, only their hashes', async () => {
    const { client, key } = await keys.create(wanted);
    await keys.admit(key);
    const { key: next } = await keys.rotate(client.id, { graceMs: 1000 });
    await keys.admit(next);
    const names = await redis.keys('*');
    const values = await Promise.all(
      names.map(async (name) =>
        (await redis.type(name)) === 'hash' ? JSON.stringify(await redis.hgetall(name)) : redis.get(name),
      ),
    );
    const held = [...names, ...values].join();
    expect(held).toContain(client.id);
    for (const secret of [key, next]) expect(held).not.toContain(secret.slice(4));
  });

  it('end at once when they are rotated without a grace, and when their client is deleted', async () => {
    const { client, key } = await keys.create(wanted);
    const { key: second } = await keys.rotate(client.id, { graceMs: 0 });
    expect([await works(key), await works(second)]).toEqual([false, true]);
    const { key: third } = await keys.rotate(client.id, { graceMs: 60_000 });
    expect([await works(second), await works(third)]).toEqual([true, true]);
    await keys.remove(client.id);
    expect([await works(second), await works(third)]).toEqual([false, false]);
    expect(await redis.keys('*')).toEqual([]);
  });

  it('work beside the new one for their grace, two of a client at most', async () => {
    const { client, key: first } = await keys.create(wanted);
    const { key: second } = await keys.rotate(client.id, { graceMs: 60_000 });
    expect([await works(first), await works(second)]).toEqual([true, true]);
    const { key: third } = await keys.rotate(client.id, { graceMs: 60_000 });
    expect([await works(first), await works(second), await works(third)]).toEqual([false, true, true]);
    const [listed] = await keys.list();
    expect(listed?.previous?.untilMs).toBeGreaterThan(clock.now());
    const leased = (await redis.keys('*use')).map((name) => redis.pttl(name));
    expect((await Promise.all(leased)).filter((ms) => ms > 0)).toHaveLength(1);
    // As if the grace had passed.
    for (const name of await redis.keys('*')) if ((await redis.pttl(name)) > 0) await redis.pexpire(name, 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([await works(second), await works(third)]).toEqual([false, true]);
    expect((await keys.list())[0]).not.toHaveProperty('previous');
  });

  it('that nobody can delete are never made by rotations and a deletion at the same moment', async () => {
    const { client } = await keys.create(wanted);
    const rotations = Array.from({ length: 10 }, () =>
      keys.rotate(client.id, { graceMs: 60_000 }).catch(() => undefined),
    );
    const made = (await Promise.all(rotations)).flatMap((it) => (it ? [it.key] : []));
    expect(made).toHaveLength(10);
    const working = await Promise.all(made.map(works));
    expect(working.filter(Boolean)).toHaveLength(2);
    const more = [1, 2, 3].map(() => keys.rotate(client.id, { graceMs: 60_000 }).catch(() => undefined));
    await keys.remove(client.id);
    const late = (await Promise.all(more)).flatMap((it) => (it ? [it.key] : []));
    for (const key of [...made, ...late]) expect(await works(key)).toBe(false);
    expect(await redis.keys('*')).toEqual([]);
  });

  it('never outlive a deletion that was cut off, which can be made again', async () => {
    const { client, key } = await keys.create(wanted);
    const cutOff = () => Promise.reject(new Error('killed'));
    Object.assign(redis, { dropClient: cutOff });
    await expect(keys.remove(client.id)).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(await works(key)).toBe(false);
    expect(await keys.list()).toEqual([]);
    keys = new ClientKeys(redis, new Secret(adminKey), clock);
    await keys.remove(client.id);
    expect(await redis.keys('*')).toEqual([]);
  });

  it('that a rotation left behind when it was cut off are shown, and end with the next one', async () => {
    const { client, key } = await keys.create(wanted);
    const cut: { pexpire?: unknown } = redis;
    Object.assign(redis, { pexpire: () => Promise.reject(new Error('killed')) });
    await expect(keys.rotate(client.id, { graceMs: 60_000 })).rejects.toMatchObject({ code: 'store_unavailable' });
    delete cut.pexpire;
    expect((await keys.list())[0]).toMatchObject({ previous: {} });
    expect(await works(key)).toBe(true);
    const { key: next } = await keys.rotate(client.id, { graceMs: 60_000 });
    expect([await works(key), await works(next)]).toEqual([false, true]);
  });

  it('expire when they were told to, and come back by a rotation that says until when', async () => {
    const { client, key } = await keys.create({ ...wanted, expiresAtMs: clock.now() + 1000 });
    expect(await works(key)).toBe(true);
    await clock.advance(1000);
    await expect(keys.admit(key)).rejects.toMatchObject({ code: 'key_expired' });
    await expect(keys.rotate(client.id, { graceMs: 0 })).rejects.toMatchObject({ code: 'invalid_request' });
    const { key: next } = await keys.rotate(client.id, { graceMs: 0, expiresAtMs: clock.now() + 1000 });
    expect(await works(next)).toBe(true);
  });

  it('tell when they were last used, and write it once a minute at most', async () => {
    const { client, key } = await keys.create(wanted);
    expect((await keys.list())[0]).not.toHaveProperty('lastUsedAtMs');
    await keys.admit(key);
    const [listed] = await keys.list();
    expect(Math.abs((listed?.lastUsedAtMs ?? 0) - Date.now())).toBeLessThan(60_000);
    const use = (await redis.keys('*use'))[0] ?? '';
    for (const [agoMs, written] of [
      [50_000, false],
      [60_000, true],
    ] as const) {
      const before = Date.now() - agoMs;
      await redis.hset(use, 'usedAt', before);
      await keys.admit(key);
      await keys.settle();
      expect(await redis.hget(use, 'usedAt')).toEqual(written ? expect.not.stringMatching(`${before}`) : `${before}`);
    }
    expect(client.id).toBe(listed?.id);
  });

  it('keep to their rate over all replicas, and are told truly when to come back', async () => {
    const { key } = await keys.create({ ...wanted, rate: { perSecond: 0.5, burst: 5 } });
    const other = server.client();
    const replica = new ClientKeys(other, new Secret(adminKey), clock);
    const asked = Array.from({ length: 12 }, (_, i) => (i % 2 ? keys : replica).admit(key).then(() => 'let in'));
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    const refused = outcomes.find((it) => it.status === 'rejected');
    expect(refused?.reason).toMatchObject({ code: 'client_rate_limited' });
    const { retryAfterMs } = refused?.reason as { retryAfterMs: number };
    expect(retryAfterMs > 1000 && retryAfterMs <= 2000).toBe(true);
    // As if that time had passed, and no more.
    const use = (await redis.keys('*use'))[0] ?? '';
    const filledAt = Number(await redis.hget(use, 'filledAt'));
    await redis.hset(use, 'filledAt', filledAt - 2000);
    expect(await works(key)).toBe(true);
    await expect(keys.admit(key)).rejects.toMatchObject({ code: 'client_rate_limited' });
    other.disconnect();
  });

  it('have no rate unless they are given one, whatever their name holds', async () => {
    const { key } = await keys.create({ ...wanted, name: '","rate":{"perSecond":1,"burst":1},"x":"' });
    for (let i = 0; i < 20; i++) expect(await works(key)).toBe(true);
  });

  describe('in the memory of a replica', () => {
    let source: Invalidations;
    let replica: ClientKeys;
    let through: Redis;

    beforeEach(async () => {
      through = server.client();
      source = new Invalidations({ redis: through, clock: systemClock, onRefused: () => undefined });
      replica = new ClientKeys(through, new Secret(adminKey), systemClock, source);
      source.start();
      await eventually(() => source.isProven(systemClock.now()));
    });
    afterEach(() => {
      source.close();
      through.disconnect();
    });
    const isKnown = (key: string) => replica.admitKnown(key) !== undefined;

    it('are admitted at once, as one frozen client for all requests', async () => {
      const { client, key } = await keys.create({ ...wanted, methods: ['crm.*'] });
      expect(replica.admitKnown(key)).toBeUndefined();
      const admitted = await replica.admit(key);
      expect(admitted).toEqual(client);
      expect([replica.admitKnown(key), await replica.admit(key)]).toEqual([admitted, admitted]);
      expect(replica.admitKnown(key)).toBe(admitted);
      expect([Object.isFrozen(admitted), Object.isFrozen(admitted?.methods)]).toEqual([true, true]);
    });

    it('are not, if unknown, the administrator’s, or with a rate', async () => {
      const { key } = await keys.create({ ...wanted, rate: { perSecond: 0.001, burst: 2 } });
      for (const other of [key, adminKey, 'b24_x', `b24_${'x'.repeat(43)}`]) {
        await replica.admit(other);
        expect(isKnown(other)).toBe(false);
      }
      const second = await replica.admit(key);
      expect([second, replica.consumePrepaidCommand(second!), replica.consumePrepaidCommand(second!)]).toEqual([
        expect.anything(),
        true,
        false,
      ]);
      await expect(replica.admit(key)).rejects.toMatchObject({ code: 'client_rate_limited' });
    });

    it('are not remembered by Redis if they are guessed', async () => {
      for (let i = 0; i < 20; i++) await replica.admit(`b24_${String(i).padStart(43, 'x')}`);
      expect(await redis.info('stats')).toMatch(/^tracking_total_keys:0\r?$/m);
      await replica.admit((await keys.create(wanted)).key);
      expect(await redis.info('stats')).toMatch(/^tracking_total_keys:1\r?$/m);
    });

    it('end with their expiry', async () => {
      const expiring = { ...wanted, expiresAtMs: systemClock.now() + 400 };
      const { key } = await keys.create(expiring);
      await replica.admit(key);
      expect(isKnown(key)).toBe(true);
      await eventually(() => !isKnown(key));
      await expect(replica.admit(key)).rejects.toMatchObject({ code: 'key_expired' });
    });

    it('end when another replica or this one ends them, also for a request that goes on', async () => {
      for (const by of [keys, replica]) {
        const { client, key } = await keys.create(wanted);
        const admitted = await replica.admit(key);
        await replica.assertStillValid(admitted!);
        await by.remove(client.id);
        if (by === replica) expect(isKnown(key)).toBe(false);
        await eventually(() => !isKnown(key));
        expect(await replica.admit(key)).toBeUndefined();
        const isRefused = () =>
          replica.assertStillValid(admitted!).then(
            () => false,
            (error: unknown) => (error as { code: string }).code === 'key_invalid',
          );
        await eventually(isRefused);
      }
    });

    it('go on during the grace of a rotation, and end with it', async () => {
      const { client, key } = await keys.create(wanted);
      await replica.admit(key);
      await keys.rotate(client.id, { graceMs: 500 });
      await eventually(() => !isKnown(key));
      expect(await replica.admit(key)).toEqual(client);
      expect(isKnown(key)).toBe(true);
      await eventually(async () => (await replica.admit(key)) === undefined);
    });

    it('are stored as used without delaying a request', async () => {
      const { key } = await keys.create(wanted);
      await replica.admit(key);
      replica.start();
      await eventually(async () => (await keys.list())[0]?.lastUsedAtMs !== undefined);
      replica.stop();
    });
  });

  describe('that are edited', () => {
    const limited = (before: Client): Client => ({ ...before, scopes: ['portals:read'] });

    it('lose no edit to a rotation at the same moment, whichever comes first', async () => {
      for (let round = 0; round < 25; round++) {
        const { client, key } = await keys.create(wanted);
        const [rotated] = await Promise.all([
          keys.rotate(client.id, { graceMs: 60_000 }),
          keys.change(client.id, limited),
        ]);
        for (const it of [key, rotated.key]) expect((await keys.admit(it))?.scopes).toEqual(['portals:read']);
      }
    });

    it('lose no edit to another one', async () => {
      const { client } = await keys.create(wanted);
      const names = Array.from({ length: 20 }, (_, i) => `m${i}.*`);
      const add = (name: string) => (before: Client) => ({ ...before, methods: [...(before.methods ?? []), name] });
      await Promise.all(names.map((name) => keys.change(client.id, add(name))));
      expect([...((await keys.stored(client.id)).methods ?? [])].sort()).toEqual([...names].sort());
    });

    it('are not revived by an edit of a client that is deleted at the same moment', async () => {
      for (let round = 0; round < 25; round++) {
        const { client, key } = await keys.create(wanted);
        await Promise.all([
          keys.remove(client.id),
          keys.change(client.id, limited).catch((error: unknown) => {
            expect(error).toMatchObject({ code: 'client_not_found' });
          }),
        ]);
        expect(await works(key)).toBe(false);
      }
      expect(await redis.keys('b24:client:*')).toEqual([]);
    });

    it('end the work that began with more rights, and none when rights were added', async () => {
      const { client, key } = await keys.create(wanted);
      const admitted = (await keys.admit(key))!;
      const digest = keys.digestOfAdmitted(admitted)!;
      await keys.change(client.id, (before) => ({ ...before, scopes: [...before.scopes, 'portals:read'], name: 'm' }));
      clock.jump(2000);
      await keys.assertStillValid(admitted);
      expect(await keys.works(digest)).toBe(true);
      await keys.change(client.id, limited);
      clock.jump(2000);
      await expect(keys.assertStillValid(admitted)).rejects.toMatchObject({ code: 'key_invalid' });
      expect(await keys.works(digest)).toBe(false);
      const now = (await keys.admit(key))!;
      await keys.assertStillValid(now);
      expect(await keys.works(keys.digestOfAdmitted(now)!)).toBe(true);
    });
  });
});
