import { randomBytes } from 'node:crypto';
import { type GrantStore, type Install, RedisGrantStore, Seal, type TokenPair } from '@b24/grants';
import { type PortalId, portalId, Secret } from '@b24/portal';
import type { Redis } from 'ioredis';
import { HandClock } from '../support/hand-clock';
import { MemoryGrantStore } from '../support/memory-grant-store';
import { RedisServer } from '../support/redis-server';

interface Implementation {
  readonly store: GrantStore;
  /** Lets so much time pass, where the implementation keeps time. */
  pass(ms: number): Promise<void>;
  readonly redis?: Redis;
}

let count = 0;
const newPortal = (): PortalId => portalId((++count).toString(16).padStart(32, '0'));
const pair = (name: string): TokenPair => ({
  accessToken: new Secret(`access-${name}`),
  refreshToken: new Secret(`refresh-${name}`),
  expiresAtMs: 1_800_000_000_000,
  lifetimeMs: 3_600_000,
});
const installOf = (portal: PortalId, domain = `p${portal.slice(-4)}.example`): Install => ({
  portal,
  kind: 'app',
  domain,
  endpoint: `https://${domain}/rest/`,
  oauthServer: 'https://oauth.example',
  scope: ['task'],
  installedAtMs: 1_700_000_000_000 + count,
});
const trouble = { code: 'reauthorization_required', detail: 'spent', sinceMs: 1 } as const;

function contract(name: string, make: () => Promise<Implementation>, end: () => Promise<void>) {
  describe(`a grant store: ${name}`, () => {
    let store: GrantStore;
    let it_: Implementation;
    let portal: PortalId;

    beforeAll(async () => {
      it_ = await make();
      store = it_.store;
    });
    beforeEach(async () => {
      portal = newPortal();
      await store.install({
        install: installOf(portal),
        pair: pair('first'),
        applicationToken: new Secret('app-token'),
      });
    });
    afterAll(end);

    const version = async () => (await store.load(portal))?.version ?? -1;
    const renewal = (to: string, install = installOf(portal)) => ({ pair: pair(to), refreshedAtMs: 5, install });
    const access = async () => (await store.load(portal))?.pair?.accessToken.reveal();

    it('gives back what was installed', async () => {
      expect(await store.load(portal)).toMatchObject({
        ...installOf(portal),
        suspended: false,
        installedAtMs: expect.any(Number),
      });
      expect(await access()).toBe('access-first');
      expect((await store.applicationToken(portal))?.reveal()).toBe('app-token');
      expect(await store.load(newPortal())).toBeUndefined();
    });

    it('keeps what the operator set, and the application token, over a new install', async () => {
      await store.mark(portal, { alias: `a${count}`, suspended: true });
      await store.install({ install: installOf(portal), pair: pair('second') });
      expect(await store.load(portal)).toMatchObject({ alias: `a${count}`, suspended: true });
      expect((await store.applicationToken(portal))?.reveal()).toBe('app-token');
      expect(await access()).toBe('access-second');
    });

    it('keeps the limits that the operator set until they are removed, whatever else is marked, installed or renewed', async () => {
      const limits = { burst: 100, drainPerSecond: 10 };
      expect(await store.mark(portal, { limits })).toMatchObject({ limits, suspended: false });
      await store.mark(portal, { suspended: true });
      await store.install({ install: installOf(portal), pair: pair('second') });
      await store.renew(portal, await version(), renewal('third'));
      expect(await store.load(portal)).toMatchObject({ limits, suspended: true });
      await store.mark(portal, { limits: null });
      expect(await store.load(portal)).not.toHaveProperty('limits');
    });

    it('keeps what the portal told of its tariff, through installs and renewals, until it tells something else', async () => {
      const told = { licence: 'de_ent250', family: 'ent', askedAtMs: 7 };
      await store.learnTariff(portal, told);
      await store.install({ install: installOf(portal), pair: pair('second') });
      await store.renew(portal, await version(), renewal('third'));
      expect((await store.load(portal))?.tariff).toEqual(told);
      await store.learnTariff(portal, { licence: 'de_basic', askedAtMs: 8 });
      expect((await store.load(portal))?.tariff).toEqual({ licence: 'de_basic', askedAtMs: 8 });
    });

    it('takes a renewal that began before a tariff was learned or limits were set', async () => {
      const old = await version();
      await store.learnTariff(portal, { licence: 'de_basic', askedAtMs: 7 });
      await store.mark(portal, { limits: { burst: 100, drainPerSecond: 10 } });
      expect(await version()).toBe(old);
      expect(await store.renew(portal, old, renewal('new'))).toBe(true);
    });

    it('lists limits and tariff with the portal', async () => {
      const limits = { burst: 100, drainPerSecond: 10 };
      const tariff = { licence: 'de_basic', askedAtMs: 7 };
      await store.mark(portal, { limits });
      await store.learnTariff(portal, tariff);
      const { items } = await store.list({ limit: 1000 });
      expect(items.find((item) => item.portal === portal)).toMatchObject({ limits, tariff });
    });

    it('learns nothing of a portal that was forgotten, and knows nothing of it when it is installed again', async () => {
      const tariff = { licence: 'de_ent250', askedAtMs: 7 };
      await store.learnTariff(portal, tariff);
      await store.mark(portal, { limits: { burst: 100, drainPerSecond: 10 } });
      await store.forget(portal);
      await store.learnTariff(portal, tariff);
      expect(await store.load(portal)).toBeUndefined();
      await store.install({ install: installOf(portal), pair: pair('again') });
      const again = await store.load(portal);
      expect([again?.tariff, again?.limits]).toEqual([undefined, undefined]);
    });

    it('refuses a renewal of a pair that is no longer there', async () => {
      const old = await version();
      await store.install({ install: installOf(portal), pair: pair('installed') });
      expect(await store.renew(portal, old, renewal('late'))).toBe(false);
      expect(await access()).toBe('access-installed');
    });

    it('takes one of two renewals of the same pair', async () => {
      const old = await version();
      const taken = await Promise.all(['one', 'two'].map((to) => store.renew(portal, old, renewal(to))));
      expect(taken.filter(Boolean)).toHaveLength(1);
      expect(await access()).toBe(taken[0] ? 'access-one' : 'access-two');
    });

    it('takes a renewal that was sent twice for saved', async () => {
      const old = await version();
      expect(await store.renew(portal, old, renewal('new'))).toBe(true);
      expect(await store.renew(portal, old, renewal('new'))).toBe(true);
    });

    it('never takes an old refresh for one of a portal that was forgotten and installed again', async () => {
      const old = await version();
      expect(await store.forget(portal)).toBe(true);
      expect(await store.forget(portal)).toBe(false);
      await it_.pass(1100);
      await store.install({ install: installOf(portal), pair: pair('again') });
      expect(await store.renew(portal, old, renewal('late'))).toBe(false);
    });

    it('remembers a refused pair and a trouble until a newer pair is there', async () => {
      const old = await version();
      await store.refuse(portal, old);
      await store.trouble(portal, old, trouble);
      expect(await store.load(portal)).toMatchObject({ refusedVersion: old, trouble });
      await store.renew(portal, old, renewal('new'));
      await store.refuse(portal, old);
      await store.trouble(portal, old, trouble);
      const now = await store.load(portal);
      expect([now?.refusedVersion, now?.trouble]).toEqual([undefined, undefined]);
    });

    it('drops the secrets of an uninstalled portal, and no refresh under way brings them back', async () => {
      const old = await version();
      await store.uninstall(portal, { ...trouble, code: 'portal_uninstalled' });
      const gone = await store.load(portal);
      expect([gone?.pair, gone?.trouble?.code, await store.applicationToken(portal)]).toEqual([
        undefined,
        'portal_uninstalled',
        undefined,
      ]);
      expect(await store.renew(portal, old, renewal('late'))).toBe(false);
    });

    it('finds a portal by id, domain and alias, and by nothing it no longer has', async () => {
      const { domain } = installOf(portal);
      await store.mark(portal, { alias: `n${count}` });
      for (const known of [portal, portal.toUpperCase(), domain, `n${count}`])
        expect(await store.find(known)).toBe(portal);
      await store.renew(portal, await version(), renewal('moved', installOf(portal, `moved${count}.example`)));
      await store.mark(portal, { alias: null });
      expect(await store.find(`moved${count}.example`)).toBe(portal);
      expect(await store.find(domain)).toBeUndefined();
      expect(await store.find(`n${count}`)).toBeUndefined();
    });

    it('gives an alias to one portal', async () => {
      const alias = `only${count}`;
      await store.mark(portal, { alias });
      const other = newPortal();
      await store.install({ install: installOf(other), pair: pair('other') });
      await expect(store.mark(other, { alias })).rejects.toMatchObject({ code: 'alias_taken' });
      await store.forget(portal);
      expect(await store.mark(other, { alias })).toMatchObject({ alias });
    });

    it('lists all portals in pages', async () => {
      const seen: string[] = [];
      let after: number | undefined = 0;
      while (after !== undefined) {
        const page: Awaited<ReturnType<GrantStore['list']>> = await store.list({ after, limit: 3 });
        seen.push(...page.items.map((item) => item.portal));
        after = page.next;
      }
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen).toContain(portal);
    });

    it('leases to one holder, again to the same, and to another when it ends', async () => {
      expect(await store.lease(portal, 'a', 60_000)).toBe(true);
      expect(await store.lease(portal, 'a', 60_000)).toBe(true);
      expect(await store.lease(portal, 'b', 60_000)).toBe(false);
      await store.release(portal, 'b');
      expect(await store.lease(portal, 'b', 60_000)).toBe(false);
      await store.release(portal, 'a');
      expect(await store.lease(portal, 'b', 30)).toBe(true);
      await it_.pass(60);
      expect(await store.lease(portal, 'a', 30)).toBe(true);
    });

    it('gives an alias that a replica left behind between two keys to whoever wants it', async () => {
      const { redis } = it_;
      if (!redis) return;
      await redis.hset('b24:names', `ghost${count}`, portal);
      const other = newPortal();
      await store.install({ install: installOf(other), pair: pair('other') });
      expect(await store.mark(other, { alias: `ghost${count}` })).toMatchObject({ alias: `ghost${count}` });
      expect(await store.find(`ghost${count}`)).toBe(other);
      const [one, two] = [portal, newPortal()];
      await store.install({ install: installOf(two), pair: pair('two') });
      await redis.hset('b24:names', `both${count}`, other);
      const alias = `both${count}`;
      const marked = await Promise.allSettled([one, two].map((it) => store.mark(it, { alias })));
      const owners = await Promise.all([one, two].map(async (it) => (await store.load(it))?.alias === alias));
      expect(owners.filter(Boolean)).toHaveLength(1);
      expect(owners).toEqual(marked.map(({ status }) => status === 'fulfilled'));
      expect(await store.find(alias)).toBe(owners[0] ? one : two);
    });

    it('never keeps a grant that no list leads to, whatever fails in between', async () => {
      const { redis } = it_;
      if (!redis) return;
      await redis.rename('b24:portals', 'test:aside');
      await redis.set('b24:portals', 'no list can be written');
      const unlisted = newPortal();
      await expect(store.install({ install: installOf(unlisted), pair: pair('x') })).rejects.toThrow();
      await expect(store.forget(portal)).rejects.toThrow();
      expect([await store.load(unlisted), await store.load(portal)]).toEqual([undefined, undefined]);
      await redis.rename('test:aside', 'b24:portals');
    });

    it('seals each secret for its own portal and field', async () => {
      const { redis } = it_;
      if (!redis) return;
      const hash = await redis.hgetall(`b24:{${portal}}:grant`);
      const sealed = Object.entries(hash).filter(([, value]) => value.startsWith('v1.k1.'));
      expect(sealed.map(([field]) => field).sort()).toEqual(['accessToken', 'applicationToken', 'refreshToken']);
      expect(JSON.stringify(hash)).not.toMatch(/access-first|refresh-first|app-token/);
      await redis.hset(`b24:{${portal}}:grant`, 'accessToken', hash['refreshToken'] ?? '');
      await expect(store.load(portal)).rejects.toThrow();
    });
  });
}

const clock = new HandClock();
contract(
  'in memory',
  () => Promise.resolve({ store: new MemoryGrantStore(clock), pass: (ms) => clock.advance(ms) }),
  () => Promise.resolve(),
);

let server: RedisServer;
let redis: Redis;
contract(
  'in Redis',
  async () => {
    server = await RedisServer.start();
    redis = server.client();
    const seal = new Seal([{ id: 'k1', key: randomBytes(32) }]);
    const pass = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
    return { store: new RedisGrantStore(redis, seal), pass, redis };
  },
  async () => {
    redis.disconnect();
    await server.stop();
  },
);
