import { randomBytes } from 'node:crypto';
import { Apps, SealedApps } from '@b24/grants';
import { Secret } from '@b24/portal';
import { Keyring, Resealer } from '@b24/seal';
import type { Redis } from 'ioredis';
import { HandClock } from '../support/hand-clock';
import { RedisServer } from '../support/redis-server';

const key = (id: string) => ({ id, key: randomBytes(32) });
const [k1, k2] = [key('k1'), key('k2')];
const ofSettings = { clientId: 'app.settings', clientSecret: new Secret('secret-of-settings'), scope: ['task'] };
const wanted = (name: string, secret = `secret-of-${name}`) => ({
  name,
  clientId: `local.${name}`,
  clientSecret: new Secret(secret),
  scope: ['task'],
});

describe('apps over a real Redis', () => {
  let server: RedisServer;
  let redis: Redis;
  const clock = new HandClock();
  const apps = (seal = new Keyring([k1]), settings: typeof ofSettings | null = ofSettings) =>
    new Apps({ redis, seal, clock, fromSettings: settings ?? undefined });
  const secretsOf = async (id: string, of = apps()) => {
    const { clientSecret, previousSecret } = await of.get(id);
    return [clientSecret.reveal(), previousSecret?.reveal()];
  };

  beforeAll(async () => {
    server = await RedisServer.start();
    redis = server.client();
  });
  afterEach(() => redis.flushall());
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  it('are known to every replica as soon as they are registered, the one of the settings first', async () => {
    const [one, other] = [apps(), apps()];
    const a = await one.register(wanted('a'));
    await clock.advance(1000);
    const b = await other.register(wanted('b'));
    expect((await one.list()).map(({ id }) => id)).toEqual(['default', a.id, b.id]);
    expect(await secretsOf(b.id, one)).toEqual(['secret-of-b', undefined]);
    expect((await apps(new Keyring([k1]), null).list()).map(({ id }) => id)).toEqual([a.id, b.id]);
  });

  it('are not known before, nor after they were removed, and have the same id when they come again', async () => {
    const notFound = { code: 'app_not_found' };
    const { id } = await apps().register(wanted('a'));
    await apps().remove(id);
    await expect(apps().get(id)).rejects.toMatchObject(notFound);
    await expect(apps().remove(id)).rejects.toMatchObject(notFound);
    await expect(apps().change(id, { name: 'x' })).rejects.toMatchObject(notFound);
    for (const strange of ['a_0123456789abcdef', '', '__proto__', 'secret'])
      await expect(apps().get(strange)).rejects.toMatchObject(notFound);
    await expect(apps(new Keyring([k1]), null).get('default')).rejects.toMatchObject(notFound);
    expect((await apps().register(wanted('a', 'another-secret'))).id).toBe(id);
  });

  it('are registered once: the very same again is the same, anything else under its client id is refused', async () => {
    const first = await apps().register(wanted('a'));
    await clock.advance(1000);
    expect(await apps().register(wanted('a'))).toEqual(first);
    const taken = { code: 'app_already_registered' };
    const others = [wanted('a', 'another-secret'), { ...wanted('a'), name: 'x' }, { ...wanted('a'), scope: ['crm'] }];
    for (const other of others) await expect(apps().register(other)).rejects.toMatchObject(taken);
    await expect(apps().register({ ...wanted('x'), clientId: ofSettings.clientId })).rejects.toMatchObject(taken);
    expect(await secretsOf(first.id)).toEqual(['secret-of-a', undefined]);
  });

  it('keep the secret before beside a new one, and the same again changes nothing', async () => {
    const { id } = await apps().register(wanted('a'));
    await apps().change(id, { clientSecret: new Secret('second-secret') });
    await apps().change(id, { clientSecret: new Secret('second-secret'), name: 'renamed' });
    expect(await secretsOf(id)).toEqual(['second-secret', 'secret-of-a']);
    expect((await apps().get(id)).name).toBe('renamed');
  });

  it('lose no change of many at once', async () => {
    const { id } = await apps().register(wanted('a'));
    const names = Array.from({ length: 20 }, (_, i) => `name-${i}`);
    const secrets = names.map((name) => apps().change(id, { clientSecret: new Secret(`secret-${name}`) }));
    await Promise.all([...secrets, ...names.map((name) => apps().change(id, { name }))]);
    const [now, before] = await secretsOf(id);
    expect([now, before].every((it) => it?.startsWith('secret-name-'))).toBe(true);
    expect(names).toContain((await apps().get(id)).name);
  });

  it('hold their secrets sealed, each at its own place', async () => {
    const a = await apps().register(wanted('a'));
    const b = await apps().register(wanted('b'));
    await apps().change(a.id, { clientSecret: new Secret('second-secret') });
    const kept = await redis.hgetall('b24:apps');
    expect(JSON.stringify(kept)).not.toMatch(/secret-of-|second-secret/);
    await redis.hset('b24:apps', b.id, kept[a.id] ?? '');
    await expect(apps().get(b.id)).rejects.toThrow();
  });

  it('are resealed, counted by key, and open with the new key alone', async () => {
    const { id } = await apps().register(wanted('a'));
    await apps().change(id, { clientSecret: new Secret('second-secret') });
    await apps(new Keyring([k2, k1])).register(wanted('b'));
    const sealed = new SealedApps(redis);
    const resealer = new Resealer(redis, new Keyring([k2, k1]));
    expect(new Map(await resealer.keysInUse(sealed))).toEqual(
      new Map([
        ['k1', 1],
        ['k2', 1],
      ]),
    );
    expect(await new Resealer(redis, new Keyring([k2])).reseal(sealed)).toEqual({ resealed: 0, unopened: 1 });
    expect(await resealer.reseal(sealed)).toEqual({ resealed: 1, unopened: 0 });
    expect(await resealer.reseal(sealed)).toEqual({ resealed: 0, unopened: 0 });
    expect([...(await resealer.keysInUse(sealed))]).toEqual([['k2', 2]]);
    expect(await secretsOf(id, apps(new Keyring([k2])))).toEqual(['second-secret', 'secret-of-a']);
  });

  it('keep a secret that is rotated while it is resealed', async () => {
    const { id } = await apps().register(wanted('a'));
    const rotated = new Keyring([k2, k1]);
    const interrupted = {
      hgetall: async (from: string) => {
        const read = await redis.hgetall(from);
        await apps(rotated).change(id, { clientSecret: new Secret('second-secret') });
        return read;
      },
    };
    await new Resealer(redis, rotated).reseal(new SealedApps(interrupted as unknown as Redis));
    expect(await secretsOf(id, apps(rotated))).toEqual(['second-secret', 'secret-of-a']);
  });

  it('say store_unavailable when Redis cannot be asked, except for the one of the settings', async () => {
    const gone = server.client();
    gone.disconnect();
    const of = new Apps({ redis: gone, seal: new Keyring([k1]), clock, fromSettings: ofSettings });
    await expect(of.get('a_0123456789abcdef')).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(of.register(wanted('a'))).rejects.toMatchObject({ code: 'store_unavailable' });
    expect((await of.get('default')).clientId).toBe('app.settings');
  });
});
