import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { AuthorizationStates } from '../../apps/gateway/src/doors/pages/authorization-states';
import { RedisServer } from '../support/redis-server';

const [oldKey, newKey] = [randomBytes(32), randomBytes(32)];
const browser = randomBytes(32).toString('base64url');

describe('authorization states over a real Redis', () => {
  let server: RedisServer;
  let redis: Redis;
  const states = (...keys: Buffer[]) => new AuthorizationStates(redis, keys.length ? keys : [oldKey]);

  beforeAll(async () => {
    server = await RedisServer.start();
    redis = server.client();
  });
  afterEach(() => redis.flushall());
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  it('tell what was begun, once, to any replica', async () => {
    const state = await states().begin('default', 'acme.bitrix24.de', browser);
    expect(await states().finish('default', state, browser)).toBe('acme.bitrix24.de');
    expect(await states().finish('default', state, browser)).toBeUndefined();
  });

  it('tell it to one of many who ask at the same time', async () => {
    const state = await states().begin('default', 'acme.bitrix24.de', browser);
    const reported = await Promise.all(Array.from({ length: 20 }, () => states().finish('default', state, browser)));
    expect(reported.filter(Boolean)).toEqual(['acme.bitrix24.de']);
  });

  it('are kept for ten minutes, under a name from which the state cannot be made', async () => {
    const state = await states().begin('default', 'acme.bitrix24.de', browser);
    const [name = '', ...more] = await redis.keys('*');
    expect(more).toEqual([]);
    expect(name).toMatch(/^b24:state:[0-9a-f]{64}$/);
    const life = await redis.pttl(name);
    expect(life > 0 && life <= 600_000).toBe(true);
    expect(state).not.toContain(name.slice('b24:state:'.length));
    await redis.del(name);
    expect(await states().finish('default', state, browser)).toBeUndefined();
  });

  it('are never the same twice', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => states().begin('default', 'a', browser)));
    expect(new Set(all).size).toBe(50);
  });

  it('are not used up by another browser, a forged signature or a changed nonce', async () => {
    const state = await states().begin('default', 'acme.bitrix24.de', browser);
    const [nonce, signed] = state.split('.');
    const other = randomBytes(32).toString('base64url');
    const tries: [string, string][] = [
      [state, other],
      [state, ''],
      [state, `${browser}x`],
      [`${nonce}.${randomBytes(32).toString('base64url')}`, browser],
      [`${nonce}x.${signed}`, browser],
      [`${nonce}.`, browser],
      [`.${signed}`, browser],
      [`${state}.${signed}`, browser],
      ['', browser],
      [`${nonce}|${browser}.${signed}`, browser],
    ];
    for (const [forged, who] of tries) expect(await states().finish('default', forged, who)).toBeUndefined();
    expect(await states(randomBytes(32)).finish('default', state, browser)).toBeUndefined();
    expect(await states().finish('default', state, browser)).toBe('acme.bitrix24.de');
  });

  it('are good for the app they were begun for only, and not used up at another', async () => {
    const state = await states().begin('a_0123456789abcdef', 'acme.bitrix24.de', browser);
    for (const app of ['default', 'a_fedcba9876543210', '']) {
      expect(await states().finish(app, state, browser)).toBeUndefined();
    }
    expect(await states().finish('a_0123456789abcdef', state, browser)).toBe('acme.bitrix24.de');
  });

  it('outlive a change of keys: the first signs, all verify', async () => {
    const before = await states(oldKey).begin('default', 'a', browser);
    const after = await states(newKey, oldKey).begin('default', 'b', browser);
    expect(await states(newKey, oldKey).finish('default', before, browser)).toBe('a');
    expect(await states(newKey).finish('default', after, browser)).toBe('b');
  });

  it('say store_unavailable when Redis cannot be asked', async () => {
    const gone = server.client();
    gone.disconnect();
    const unavailable = { code: 'store_unavailable' };
    await expect(new AuthorizationStates(gone, [oldKey]).begin('default', 'a', browser)).rejects.toMatchObject(
      unavailable,
    );
    const state = await states().begin('default', 'a', browser);
    await expect(new AuthorizationStates(gone, [oldKey]).finish('default', state, browser)).rejects.toMatchObject(
      unavailable,
    );
  });
});
