import { createHash } from 'node:crypto';
import { Secret } from '@b24/portal';
import { type InvalidationSource, noInvalidations } from '@b24/redis';
import type { Redis } from 'ioredis';
import { HandClock } from '../../../test/support/hand-clock';
import { MemoryKeyStore } from '../../../test/support/memory-key-store';
import type { Client } from './client';
import { ClientKeys, type NewClient } from './client-keys';

const adminKey = 'x'.repeat(40);
const wanted: NewClient = { name: 'shop', scopes: ['call'], portals: 'all' };
const hex = (key: string) => createHash('sha256').update(key).digest('hex');
const keyOf = (digest: string) => `b24:client:${digest}`;

describe('client keys', () => {
  let clock: HandClock;
  let store: MemoryKeyStore;
  let keys: ClientKeys;

  beforeEach(() => {
    clock = new HandClock();
    store = new MemoryKeyStore(clock);
    keys = new ClientKeys(store.asConnection(), new Secret(adminKey), clock, noInvalidations);
  });

  const make = (more: Partial<NewClient> = {}) => keys.create({ ...wanted, ...more });
  const admit = async (key: string): Promise<Client> => {
    const client = await keys.admit(key);
    if (!client) throw new Error('not admitted');
    return client;
  };

  describe('during a long request', () => {
    const revoked = {
      code: 'key_invalid',
      message: 'The key that started this request was deleted, replaced or limited.',
    };

    it.each<[what: string, more: Partial<NewClient>]>([
      ['without a rate', {}],
      ['with a rate', { rate: { perSecond: 1, burst: 1 } }],
    ])('%s are checked once a second, and stay revoked', async (_what, more) => {
      const { client, key } = await make(more);
      const by = await admit(key);
      await keys.remove(client.id);
      await clock.advance(999);
      await expect(keys.assertStillValid(by)).resolves.toBeUndefined();
      await clock.advance(1);
      await expect(keys.assertStillValid(by)).rejects.toMatchObject(revoked);
      await store.set(keyOf(hex(key)), JSON.stringify(client));
      await clock.advance(5000);
      await expect(keys.assertStillValid(by)).rejects.toMatchObject(revoked);
    });

    it('read Redis at most once a second', async () => {
      const { key } = await make();
      const by = await admit(key);
      const before = store.commands.length;
      for (const ms of [0, 999, 1, 500, 499, 1]) {
        await clock.advance(ms);
        await keys.assertStillValid(by);
      }
      expect(store.commands.length - before).toBe(2);
    });

    it('are not checked for the administrator, and for work without a key', async () => {
      const by = await admit(adminKey);
      await clock.advance(5000);
      await keys.assertStillValid(by);
      await keys.assertStillValid({ ...by });
      expect([store.commands, keys.digestOfAdmitted(by)]).toEqual([[], undefined]);
    });

    it('are known by their digest', async () => {
      const { client, key } = await make();
      const by = await admit(key);
      expect([keys.digestOfAdmitted(by), keys.digestOfAdmitted(client)]).toEqual([hex(key), undefined]);
    });
  });

  describe('in memory', () => {
    let isProven: boolean;
    let listener: Parameters<InvalidationSource['subscribe']>[0];
    let trackedReads: string[];

    beforeEach(() => {
      isProven = true;
      trackedReads = [];
      const tracked = {
        get: (key: string) => (trackedReads.push(key), store.get(key)),
        pttl: (key: string) => store.pttl(key),
      } as unknown as Redis;
      keys = new ClientKeys(store.asConnection(), new Secret(adminKey), clock, {
        tracked,
        isProven: () => isProven,
        subscribe: (it) => (listener = it),
      });
    });

    it('admit at once, as one frozen client for all requests', async () => {
      const { key } = await make();
      expect(keys.admitKnown(key)).toBeUndefined();
      const by = await keys.admit(key);
      const before = store.commands.length;
      expect([keys.admitKnown(key), await keys.admit(key)]).toEqual([by, by]);
      expect(keys.admitKnown(key)).toBe(by);
      expect([Object.isFrozen(by), store.commands.length]).toEqual([true, before]);
      expect(keys.isKnownToWork(hex(key))).toBe(true);
    });

    it('do not admit at once if they have a rate, have expired, or were never admitted', async () => {
      const rated = await make({ rate: { perSecond: 1, burst: 1 } });
      const ending = await make({ expiresAtMs: clock.now() + 1000 });
      await keys.admit(rated.key);
      await keys.admit(ending.key);
      expect([keys.admitKnown(rated.key), keys.admitKnown(ending.key)?.id]).toEqual([undefined, ending.client.id]);
      await clock.advance(1000);
      expect([keys.admitKnown(ending.key), keys.admitKnown(adminKey)]).toEqual([undefined, undefined]);
      expect([keys.isKnownToWork(hex(ending.key)), keys.isKnownToWork(hex('other'))]).toEqual([false, false]);
      await expect(keys.admit(ending.key)).rejects.toMatchObject({ code: 'key_expired' });
    });

    it('are read through the tracked connection, but not if somebody guesses them', async () => {
      const { key } = await make();
      await keys.admit(`b24_${'a'.repeat(43)}`);
      expect(trackedReads).toEqual([]);
      await keys.admit(key);
      expect(trackedReads).toEqual([keyOf(hex(key))]);
    });

    it('count as used, once in ten seconds', async () => {
      const { key } = await make();
      await keys.admit(key);
      await keys.settle();
      await clock.advance(9999);
      keys.admitKnown(key);
      await keys.settle();
      expect(store.uses).toHaveLength(1);
      await clock.advance(1);
      keys.admitKnown(key);
      await keys.settle();
      expect(store.uses).toHaveLength(2);
    });

    it.each<[what: string, change: (key: string, id: string) => unknown]>([
      ['Redis reports a change of them', (key) => listener.invalidated(keyOf(hex(key)))],
      ['any key may have changed', () => listener.flush()],
      ['nothing proves them', () => (isProven = false)],
      ['this replica deletes them', (_key, id) => keys.remove(id)],
      ['this replica replaces them', (_key, id) => keys.rotate(id, { graceMs: 0 })],
    ])('are not used any more when %s', async (_what, change) => {
      const { client, key } = await make();
      await keys.admit(key);
      await change(key, client.id);
      expect(keys.admitKnown(key)).toBeUndefined();
    });

    it('are used on when another key changes', async () => {
      const { key } = await make();
      await keys.admit(key);
      listener.invalidated(keyOf(hex('other')));
      listener.invalidated(`xxx:xxxxxx:${hex(key)}`);
      expect(keys.admitKnown(key)).toBeDefined();
    });

    it('answer a long request without Redis, until they expire', async () => {
      const { key } = await make({ expiresAtMs: clock.now() + 5000 });
      const by = await admit(key);
      const before = store.commands.length;
      await clock.advance(4999);
      await keys.assertStillValid(by);
      await clock.advance(1);
      await expect(keys.assertStillValid(by)).rejects.toMatchObject({ code: 'key_invalid' });
      expect(store.commands.length).toBe(before);
    });
  });
});
