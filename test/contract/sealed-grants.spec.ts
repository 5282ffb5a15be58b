import { randomBytes } from 'node:crypto';
import { RedisGrantStore, SealedGrants } from '@b24/grants';
import { type PortalId, portalId, Secret } from '@b24/portal';
import { Keyring, Resealer } from '@b24/seal';
import type { Redis } from 'ioredis';
import { RedisServer } from '../support/redis-server';

const [k1, k2] = ['k1', 'k2'].map((id) => ({ id, key: randomBytes(32) })) as [
  { id: string; key: Buffer },
  { id: string; key: Buffer },
];
const old = new Keyring([k1]);
const rotated = new Keyring([k2, k1]);
const portals = Array.from({ length: 1200 }, (_, i) => portalId((i + 1).toString(16).padStart(32, '0')));
const pair = (name: string) => ({
  accessToken: new Secret(`access-${name}`),
  refreshToken: new Secret(`refresh-${name}`),
  expiresAtMs: 1,
  lifetimeMs: 1,
});
const installOf = (portal: PortalId) => ({
  portal,
  kind: 'app' as const,
  domain: `${portal}.example`,
  endpoint: `https://${portal}.example/rest/`,
  oauthServer: 'https://oauth.example',
  scope: ['task'],
  installedAtMs: 1,
});

describe('sealed grants over a real Redis', () => {
  let server: RedisServer;
  let redis: Redis;
  const store = (keyring: Keyring) => new RedisGrantStore(redis, keyring);
  const keysInUse = () => new Resealer(redis, rotated).keysInUse(new SealedGrants(redis));
  const reseal = (keyring: Keyring) => new Resealer(redis, keyring).reseal(new SealedGrants(redis));
  const [first] = portals as [PortalId];

  beforeAll(async () => {
    server = await RedisServer.start();
    redis = server.client();
  });
  beforeEach(async () => {
    const written = store(old);
    await Promise.all(portals.map((portal) => written.install({ install: installOf(portal), pair: pair(portal) })));
  });
  afterEach(() => redis.flushall());
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  it('are counted by key, each portal once however many pages there are', async () => {
    expect([...(await keysInUse())]).toEqual([['k1', portals.length]]);
    await store(rotated).install({ install: installOf(first), pair: pair('new') });
    expect(new Map(await keysInUse())).toEqual(
      new Map([
        ['k1', portals.length - 1],
        ['k2', 1],
      ]),
    );
  });

  it('are all resealed once, open with the new key alone, and keep their version', async () => {
    const before = (await store(old).load(first))?.version;
    expect(await reseal(rotated)).toEqual({ resealed: portals.length, unopened: 0 });
    expect(await reseal(rotated)).toEqual({ resealed: 0, unopened: 0 });
    expect([...(await keysInUse()).keys()]).toEqual(['k2']);
    const grant = await store(new Keyring([k2])).load(first);
    expect([grant?.version, grant?.pair?.refreshToken.reveal()]).toEqual([before, `refresh-${first}`]);
  });

  it('are left as they are when they can not be opened', async () => {
    const spoilt = `b24:{${first}}:grant`;
    await redis.hset(spoilt, 'accessToken', (await redis.hget(spoilt, 'refreshToken')) ?? '');
    const before = await redis.hgetall(spoilt);
    expect(await reseal(rotated)).toEqual({ resealed: portals.length - 1, unopened: 1 });
    expect(await redis.hgetall(spoilt)).toEqual(before);
    expect(await reseal(new Keyring([k2]))).toEqual({ resealed: 0, unopened: 1 });
  });

  it('are not put back over a pair that was saved between reading and replacing', async () => {
    const grants = store(old);
    // A refresh falls between the reading and the replacing of this portal.
    const interrupted = {
      zscan: (...args: [string, string, 'COUNT', number]) => redis.zscan(...args),
      hgetall: async (key: string) => {
        const read = await redis.hgetall(key);
        if (key.includes(first)) {
          const { version, family } = (await grants.load(first))!;
          const install = installOf(first);
          await grants.saveRefresh(first, version, { pair: pair('fresh'), refreshedAtMs: 1, install, family: family! });
        }
        return read;
      },
    };
    await new Resealer(redis, rotated).reseal(new SealedGrants(interrupted as unknown as Redis));
    expect((await grants.load(first))?.pair?.refreshToken.reveal()).toBe('refresh-fresh');
  });
});
