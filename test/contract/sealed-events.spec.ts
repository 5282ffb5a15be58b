import { randomBytes } from 'node:crypto';
import { EventQueue, messageOf, SealedEvents, Subscriptions } from '@b24/events';
import { portalId, Scrubber, systemClock } from '@b24/portal';
import { Keyring, Resealer } from '@b24/seal';
import type { Redis } from 'ioredis';
import { RedisServer } from '../support/redis-server';

const [k1, k2] = ['k1', 'k2'].map((id) => ({ id, key: randomBytes(32) })) as [
  { id: string; key: Buffer },
  { id: string; key: Buffer },
];
const old = new Keyring([k1]);
const rotated = new Keyring([k2, k1]);

describe('sealed events over a real Redis', () => {
  let server: RedisServer;
  let redis: Redis;
  const keysInUse = () => new Resealer(redis, rotated).keysInUse(new SealedEvents(redis));
  const reseal = (keyring: Keyring) => new Resealer(redis, keyring).reseal(new SealedEvents(redis));
  const queue = (keyring: Keyring) => new EventQueue(redis, keyring, systemClock, 100);
  const subscriptions = (keyring: Keyring) => new Subscriptions(redis, keyring, systemClock);

  beforeAll(async () => {
    server = await RedisServer.start();
    redis = server.client();
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  it('are counted and resealed with their subscriptions, and open with the new key alone', async () => {
    const made = await subscriptions(old).create({ url: 'http://x.example/', events: 'all', portals: 'all' });
    const portal = { memberId: portalId('a'.repeat(32)), domain: 'acme.bitrix24.de' };
    for (const ts of [1, 2])
      await queue(old).enqueue(
        messageOf({ event: 'ONTASKADD', portal, receivedAtMs: 0, ts, data: {} }, Scrubber.of([])),
        [made.id],
      );
    expect([...(await keysInUse())]).toEqual([['k1', 3]]);
    expect(await reseal(new Keyring([k2]))).toEqual({ resealed: 0, unopened: 3 });
    expect(await reseal(rotated)).toEqual({ resealed: 3, unopened: 0 });
    expect([...(await keysInUse())]).toEqual([['k2', 3]]);
    const fresh = new Keyring([k2]);
    expect((await subscriptions(fresh).get(made.id)).secret.reveal()).toBe(made.secret.reveal());
    expect(JSON.parse((await queue(fresh).take(made.id, 1000))?.text ?? '')).toMatchObject({ ts: 1 });
  });
});
