import { randomBytes } from 'node:crypto';
import { EventQueue, messageOf, SealedEvents, Subscriptions } from '@b24/events';
import { Seal, sealedUnder } from '@b24/grants';
import { portalId, Scrubber, systemClock } from '@b24/portal';
import type { Redis } from 'ioredis';
import { RedisServer } from '../support/redis-server';

const [k1, k2] = ['k1', 'k2'].map((id) => ({ id, key: randomBytes(32) })) as [
  { id: string; key: Buffer },
  { id: string; key: Buffer },
];
const old = new Seal([k1]);
const rotated = new Seal([k2, k1]);

describe('sealed events over a real Redis', () => {
  let server: RedisServer;
  let redis: Redis;
  const place = (seal: Seal) => new SealedEvents(redis, seal, sealedUnder);
  const queue = (seal: Seal) => new EventQueue(redis, seal, systemClock, 100);
  const subscriptions = (seal: Seal) => new Subscriptions(redis, seal, systemClock);

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
      await queue(old).keep(messageOf({ event: 'ONTASKADD', portal, receivedAtMs: 0, ts, data: {} }, Scrubber.of([])), [
        made.id,
      ]);
    expect([...(await place(rotated).keysInUse())]).toEqual([['k1', 3]]);
    expect(await place(new Seal([k2])).reseal()).toEqual({ changed: 0, unopened: 3 });
    expect(await place(rotated).reseal()).toEqual({ changed: 3, unopened: 0 });
    expect([...(await place(rotated).keysInUse())]).toEqual([['k2', 3]]);
    const fresh = new Seal([k2]);
    expect((await subscriptions(fresh).get(made.id)).secret.reveal()).toBe(made.secret.reveal());
    expect(JSON.parse((await queue(fresh).take(made.id, 1000))?.text ?? '')).toMatchObject({ ts: 1 });
  });
});
