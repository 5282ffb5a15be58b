import { createHash } from 'node:crypto';
import { Secret } from '@b24/portal';
import { HandClock } from '../../../test/support/hand-clock';
import { MemoryKeyStore } from '../../../test/support/memory-key-store';
import type { Client } from './client';
import { ClientKeys, type NewClient } from './client-keys';

const adminKey = 'x'.repeat(40);
const wanted: NewClient = { name: 'shop', scopes: ['call'], portals: 'all' };
const hex = (key: string) => createHash('sha256').update(key).digest('hex');
const keyOf = (digest: string) => `b24:client:${digest}`;
const useOf = (digest: string) => `{b24:client:${digest}}:use`;

describe('client keys', () => {
  let clock: HandClock;
  let store: MemoryKeyStore;
  let keys: ClientKeys;

  beforeEach(() => {
    clock = new HandClock();
    store = new MemoryKeyStore(clock);
    keys = new ClientKeys(store.asConnection(), new Secret(adminKey), clock);
  });

  const make = (more: Partial<NewClient> = {}) => keys.create({ ...wanted, ...more });
  const admitted = async (key: string) => (await keys.admit(key))?.id;
  const listed = async (id: string) => (await keys.list()).find((it) => it.id === id);

  it('are 256 random bits, and their client is stored by their hash', async () => {
    const { client, key } = await make();
    expect(key).toMatch(/^b24_[\w-]{43}$/);
    expect(client).toEqual({
      ...wanted,
      id: expect.stringMatching(/^c_[0-9a-f]{16}$/) as string,
      createdAtMs: clock.now(),
    });
    expect(JSON.parse((await store.get(keyOf(hex(key)))) ?? '')).toEqual(client);
    expect(await store.hget('b24:clients', client.id)).toBe(hex(key));
    expect(keys.digestOf(key).toString('hex')).toBe(hex(key));
  });

  it('admit their client, the administrator, and nobody else', async () => {
    const { client, key } = await make();
    expect(await keys.admit(key)).toEqual(client);
    expect(await keys.admit(adminKey)).toEqual({
      ...{ id: 'admin', name: 'Administrator', scopes: ['admin'], portals: 'all', createdAtMs: 0 },
    });
    const before = store.commands.length;
    for (const other of ['', `${key}x`, key.slice(0, -1), `x${key}`, key.replace('b24_', 'B24_'), `${adminKey}x`])
      expect(await admitted(other)).toBeUndefined();
    expect(store.commands.length).toBe(before);
    expect(await admitted(`b24_${'a'.repeat(43)}`)).toBeUndefined();
  });

  it('are changed together: the current one, and the former one in its grace', async () => {
    const { client, key } = await make();
    const { key: next } = await keys.rotate(client.id, { graceMs: 60_000 });
    const changed = await keys.change(client.id, (before) => ({ ...before, scopes: ['portals:read'] }));
    expect(changed).toMatchObject({ id: client.id, scopes: ['portals:read'], revision: 1 });
    for (const it of [key, next]) expect((await keys.admit(it))?.scopes).toEqual(['portals:read']);
  });

  it('are changed also when a rotation copied the state before to another key', async () => {
    const { client, key } = await make();
    let rotations = 1;
    store.afterChange = () => {
      if (rotations-- <= 0) return;
      store.write(keyOf(hex('next')), JSON.stringify(client));
      store.put('b24:clients', client.id, `${hex('next')},${hex(key)}`);
    };
    await keys.change(client.id, (before) => ({ ...before, name: 'reports' }));
    expect(JSON.parse((await store.get(keyOf(hex('next')))) ?? '')).toMatchObject({ name: 'reports' });
  });

  it('admit by their digest as well', async () => {
    const { client, key } = await make();
    expect(await keys.admitByDigest(Buffer.from(hex(key), 'hex'))).toEqual(client);
    expect((await keys.admitByDigest(Buffer.from(hex(adminKey), 'hex')))?.id).toBe('admin');
    expect(await keys.admitByDigest(Buffer.from(hex('other'), 'hex'))).toBeUndefined();
  });

  it.each([
    [999, 'admitted'],
    [1000, 'key_expired'],
  ])('that expire in a second are, after %i ms, %s', async (afterMs, expected) => {
    const { client, key } = await make({ expiresAtMs: clock.now() + 1000 });
    await clock.advance(afterMs);
    const outcome = await keys.admit(key).then(
      () => 'admitted',
      (fault: unknown) => (fault as { code: string }).code,
    );
    expect(outcome).toBe(expected);
    const isValid = expected === 'admitted';
    expect([await keys.works(hex(key)), await keys.clientOfDigest(keys.digestOf(key))]).toEqual([
      isValid,
      isValid ? client : undefined,
    ]);
    if (isValid) expect(await keys.byId(client.id)).toEqual(client);
    else await expect(keys.byId(client.id)).rejects.toMatchObject({ code: 'key_expired' });
  });

  it.each<[what: string, ask: (key: string, id: string, client: Client) => Promise<unknown>]>([
    ['admit', (key) => keys.admit(key)],
    ['works', (key) => keys.works(hex(key))],
    ['create', () => make()],
    ['rotate', (_key, id) => keys.rotate(id, { graceMs: 0 })],
    ['list', () => keys.list()],
    ['remove', (_key, id) => keys.remove(id)],
    ['byId', (_key, id) => keys.byId(id)],
    ['clientOfDigest', (key) => keys.clientOfDigest(keys.digestOf(key))],
    ['redisKeysOf', (_key, _id, client) => keys.redisKeysOf(client)],
  ])('fail to %s while the store is away', async (_what, ask) => {
    const { client, key } = await make();
    store.isAway = true;
    await expect(ask(key, client.id, client)).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  it('let a client with a session go on while the session is there, which is checked once a second', async () => {
    const person: Client = { ...wanted, id: 'p_1', createdAtMs: 0, person: { sub: 'ada', role: 'admin' } };
    let isThere = true;
    let checks = 0;
    keys.admitBySession(person, () => {
      checks++;
      return Promise.resolve(isThere);
    });
    await clock.advance(1000);
    await keys.assertStillValid(person);
    await keys.assertStillValid(person);
    expect(checks).toBe(1);
    isThere = false;
    await keys.assertStillValid(person);
    await clock.advance(1000);
    await expect(keys.assertStillValid(person)).rejects.toMatchObject({ code: 'session_ended' });
  });

  describe('with a rate', () => {
    const rate = { perSecond: 2, burst: 5 };

    it('are admitted by it, each request with an object of its own that prepays one command', async () => {
      const { client, key } = await make({ rate });
      const [first, second] = [await keys.admit(key), await keys.admit(key)];
      expect([first, second]).toEqual([client, client]);
      expect(first === second).toBe(false);
      expect(store.commands.find((it) => it.startsWith('admitClient'))).toBe(
        `admitClient ${keyOf(hex(key))} ${useOf(hex(key))} 5 2`,
      );
      const prepaid = [first, first, second].map((it) => it && keys.consumePrepaidCommand(it));
      expect(prepaid).toEqual([true, false, true]);
    });

    it('get the time to come back, and are unknown once they were deleted', async () => {
      const { key } = await make({ rate });
      store.earlyMs = 700;
      await expect(keys.admit(key)).rejects.toMatchObject({ code: 'client_rate_limited', retryAfterMs: 700 });
      store.earlyMs = null;
      expect(await keys.admit(key)).toBeUndefined();
    });

    it('prepay nothing for a client that was not admitted by it', async () => {
      const { client, key } = await make();
      const by = await keys.admit(key);
      expect([client, by].map((it) => it && keys.consumePrepaidCommand(it))).toEqual([false, false]);
    });

    it('are found in Redis for an admitted client, for one by its id, and not for a deleted one', async () => {
      const { client, key } = await make({ rate });
      const names = [keyOf(hex(key)), useOf(hex(key))];
      const by = await keys.admit(key);
      const before = store.commands.length;
      expect(by && (await keys.redisKeysOf(by))).toEqual(names);
      expect(store.commands.length).toBe(before);
      expect([await keys.redisKeysOf(client), await keys.redisKeysOf(client)]).toEqual([names, names]);
      expect([store.commands.length, keys.consumePrepaidCommand(client)]).toEqual([before + 1, false]);
      expect(await keys.redisKeysOf({ ...client, id: 'c_other' })).toBeUndefined();
    });
  });

  describe('that are rotated', () => {
    it('are replaced at once without a grace', async () => {
      const { client, key } = await make();
      const next = await keys.rotate(client.id, { graceMs: 0 });
      expect(next.client).toEqual(client);
      expect([await admitted(key), await admitted(next.key)]).toEqual([undefined, client.id]);
      expect(await store.hget('b24:clients', client.id)).toBe(`${hex(next.key)},${hex(key)}`);
    });

    it('work beside the new one for their grace, two at most', async () => {
      const { client, key } = await make();
      const second = await keys.rotate(client.id, { graceMs: 1000 });
      await clock.advance(999);
      expect([await admitted(key), await admitted(second.key)]).toEqual([client.id, client.id]);
      const third = await keys.rotate(client.id, { graceMs: 1000 });
      expect([await admitted(key), await admitted(second.key), await admitted(third.key)]).toEqual([
        undefined,
        client.id,
        client.id,
      ]);
      await clock.advance(1000);
      expect([await admitted(second.key), await admitted(third.key)]).toEqual([undefined, client.id]);
    });

    it('get a new end if one is named, and keep their own otherwise', async () => {
      const { client } = await make({ expiresAtMs: clock.now() + 1000 });
      expect((await keys.rotate(client.id, { graceMs: 0 })).client.expiresAtMs).toBe(clock.now() + 1000);
      await clock.advance(1000);
      const expected = {
        errors: [{ path: 'expiresAt', message: expect.stringContaining('set `expiresAt`') as string }],
      };
      await expect(keys.rotate(client.id, { graceMs: 0 })).rejects.toMatchObject({
        code: 'invalid_request',
        ...expected,
      });
      const expiresAtMs = clock.now() + 5;
      expect((await keys.rotate(client.id, { graceMs: 0, expiresAtMs })).client.expiresAtMs).toBe(expiresAtMs);
    });

    it('take over a change that came after the copy was made', async () => {
      const { client, key } = await make();
      let changes = 1;
      store.beforeSwap = () => {
        if (changes-- > 0) store.write(keyOf(hex(key)), JSON.stringify({ ...client, scopes: ['portals:read'] }));
      };
      const { key: next } = await keys.rotate(client.id, { graceMs: 60_000, expiresAtMs: clock.now() + 5000 });
      expect(await keys.admit(next)).toMatchObject({ scopes: ['portals:read'], expiresAtMs: clock.now() + 5000 });
    });

    it('start from what a concurrent rotation left, and leave no key that nobody knows', async () => {
      const { client } = await make();
      let others = 1;
      store.beforeSwap = () => {
        if (others-- > 0) store.put('b24:clients', client.id, `${hex('other')},${hex('older')}`);
      };
      await store.set(keyOf(hex('other')), JSON.stringify(client));
      store.commands.length = 0;
      const { key } = await keys.rotate(client.id, { graceMs: 0 });
      const made = store.commands.filter((it) => it.startsWith('set b24:client:')).map((it) => it.slice(4));
      const left = await Promise.all(made.map((name) => store.get(name)));
      expect(left.map((text) => text !== null)).toEqual([false, true]);
      expect(await admitted(key)).toBe(client.id);
    });

    it.each<[what: string, spoil: (id: string, key: string) => Promise<unknown>]>([
      ['is not listed', (id) => store.dropClient('b24:clients', id)],
      ['has no key any more', (_id, key) => store.del(keyOf(hex(key)))],
    ])('are unknown if their client %s', async (_what, spoil) => {
      const { client, key } = await make();
      await spoil(client.id, key);
      await expect(keys.rotate(client.id, { graceMs: 0 })).rejects.toMatchObject({ code: 'client_not_found' });
    });
  });

  describe('that are deleted', () => {
    it('end, with those in their grace, and their uses', async () => {
      const { client, key } = await make();
      const { key: next } = await keys.rotate(client.id, { graceMs: 1000 });
      await store.hset(useOf(hex(next)), 'usedAt', '5');
      await keys.remove(client.id);
      expect([await admitted(key), await admitted(next), await listed(client.id)]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
      expect(await store.hget(useOf(hex(next)), 'usedAt')).toBeNull();
      await expect(keys.byId(client.id)).rejects.toMatchObject({
        code: 'key_invalid',
        message: 'The client that started this was deleted.',
      });
    });

    it('end before their client leaves the list, and once more after it', async () => {
      const { client, key } = await make();
      store.commands.length = 0;
      await keys.remove(client.id);
      const deletion = `del ${keyOf(hex(key))}`;
      const order = store.commands.filter((it) => it === deletion || it.startsWith('dropClient'));
      expect(order).toEqual([deletion, `dropClient ${client.id}`, deletion]);
    });

    it('are not found if there is no such client', async () => {
      await expect(keys.remove('c_none')).rejects.toMatchObject({ code: 'client_not_found' });
    });
  });

  it('of the administrator stand for a client of their own', async () => {
    expect([(await keys.byId('admin')).id, (await keys.clientOfDigest(keys.digestOf(adminKey)))?.id]).toEqual([
      'admin',
      'admin',
    ]);
  });

  describe('in the list', () => {
    it('are the oldest first', async () => {
      const first = await make();
      await clock.advance(1);
      const second = await make();
      await clock.advance(1);
      const third = await make();
      await store.dropClient('b24:clients', first.client.id);
      await store.hset('b24:clients', first.client.id, hex(first.key));
      expect((await keys.list()).map(({ id }) => id)).toEqual([first.client.id, second.client.id, third.client.id]);
    });

    it('are as they were made, with their last use', async () => {
      const { client, key } = await make();
      expect(await listed(client.id)).toEqual(client);
      expect(Object.keys((await listed(client.id)) ?? {}).sort()).toEqual(Object.keys(client).sort());
      await store.hset(useOf(hex(key)), 'usedAt', '1234');
      expect(await listed(client.id)).toEqual({ ...client, lastUsedAtMs: 1234 });
    });

    it('have the previous key while it works', async () => {
      const { client, key } = await make();
      await keys.rotate(client.id, { graceMs: 1000 });
      await clock.advance(400);
      expect((await listed(client.id))?.previous).toEqual({ untilMs: clock.now() + 600 });
      await store.hset(useOf(hex(key)), 'usedAt', '7');
      expect((await listed(client.id))?.previous).toEqual({ untilMs: clock.now() + 600, lastUsedAtMs: 7 });
      await clock.advance(600);
      expect(await listed(client.id)).not.toHaveProperty('previous');
    });

    it('have a previous key without an end if its rotation was cut off', async () => {
      const { client, key } = await make();
      await store.set(keyOf(hex('other')), JSON.stringify(client));
      await store.hset('b24:clients', client.id, `${hex('other')},${hex(key)}`);
      expect((await listed(client.id))?.previous).toEqual({});
    });

    it('are left out once their key is gone', async () => {
      const { client, key } = await make();
      await store.del(keyOf(hex(key)));
      expect(await keys.list()).toEqual([]);
      expect(await store.hget('b24:clients', client.id)).not.toBeNull();
    });
  });

  describe('that are used', () => {
    it('are stored within a second, and once in ten while they stay in memory', async () => {
      const { key } = await make();
      keys.start();
      await keys.admit(key);
      await clock.advance(999);
      expect(store.uses).toEqual([]);
      await clock.advance(1);
      expect(store.uses).toEqual([`${keyOf(hex(key))} ${useOf(hex(key))}`]);
      keys.stop();
      expect(clock.pending).toBe(0);
    });

    it('are stored when the replica ends or the list is read, and again after the store was away', async () => {
      const { key } = await make();
      await keys.admit(key);
      store.isAway = true;
      await keys.settle();
      expect(store.uses).toEqual([]);
      store.isAway = false;
      await keys.list();
      expect(store.uses).toHaveLength(1);
      await keys.settle();
      expect(store.uses).toHaveLength(1);
    });

    it('are not used by a check of another kind', async () => {
      const { client, key } = await make();
      await keys.works(hex(key));
      await keys.clientOfDigest(keys.digestOf(key));
      await keys.byId(client.id);
      await keys.settle();
      expect(store.uses).toEqual([]);
    });
  });
});
