import type { GrantStore } from '@b24/grants';
import { type PortalId, Secret } from '@b24/portal';
import {
  familyOf,
  contract,
  dayMs,
  installOf,
  newPortal,
  pair,
  rejectionOf,
  startMs,
  StoredPortal,
  deadIssue,
} from '../support/grant-stores';

contract((made) => {
  let it_: StoredPortal;
  let store: GrantStore;
  let portal: PortalId;
  beforeEach(() => {
    it_ = made();
    ({ store, portal } = it_);
  });
  const version = () => it_.version();
  const access = () => it_.access();
  const renewal = (...given: Parameters<StoredPortal['renewal']>) => it_.renewal(...given);
  /** A name that no other test has. */
  const aliasOf = (name: string) => `${name}${parseInt(portal, 16)}`;

  it('gives back what was installed', async () => {
    expect(await store.load(portal)).toMatchObject({
      ...installOf(portal),
      suspended: false,
      installedAtMs: expect.any(Number),
    });
    expect(await access()).toBe('access-first');
    expect((await store.applicationToken(portal, 'default'))?.reveal()).toBe('app-token');
    expect(await store.load(newPortal())).toBeUndefined();
  });

  it('keeps what the operator set, and the application token, over a new install', async () => {
    await store.changeSettings(portal, { alias: aliasOf('a'), suspended: true });
    await store.install({ install: installOf(portal), pair: pair('second') });
    expect(await store.load(portal)).toMatchObject({ alias: aliasOf('a'), suspended: true });
    expect((await store.applicationToken(portal, 'default'))?.reveal()).toBe('app-token');
    expect(await access()).toBe('access-second');
  });

  it('replaces only what an install names to be replaced', async () => {
    const wanted = { install: installOf(portal), pair: pair('second') };
    const now = await version();
    for (const replacesVersion of [null, now - 1])
      expect(await store.install({ ...wanted, replacesVersion })).toBe(false);
    expect(await access()).toBe('access-first');
    expect(await store.install({ ...wanted, replacesVersion: now })).toBe(true);
    expect(await access()).toBe('access-second');
    const other = newPortal();
    const first = { install: installOf(other), pair: pair('other') };
    expect(await store.install({ ...first, replacesVersion: 1 })).toBe(false);
    expect(await store.load(other)).toBeUndefined();
    expect(await store.install({ ...first, replacesVersion: null })).toBe(true);
  });

  it('lets a new portal wait until it is admitted, over installs and renewals, and none that is here', async () => {
    await store.install({ install: installOf(portal), pair: pair('second'), awaitsAdmission: true });
    expect(await store.load(portal)).not.toHaveProperty('waitingSinceMs');
    const other = newPortal();
    const install = installOf(other);
    await store.install({ install, pair: pair('other'), awaitsAdmission: true });
    await store.install({ install, pair: pair('again'), awaitsAdmission: false });
    await store.changeSettings(other, { suspended: false });
    const { items } = await store.list({ limit: 1000, only: (it) => it.portal === other });
    expect(items).toMatchObject([{ waitingSinceMs: install.installedAtMs }]);
    await store.changeSettings(other, { admitted: true });
    expect(await store.load(other)).not.toHaveProperty('waitingSinceMs');
  });

  it('gives a portal that waits no name by which another is still known, until it is admitted', async () => {
    const { domain } = installOf(portal);
    const to = { domain: `${aliasOf('left')}.example`, endpoint: `https://${aliasOf('left')}.example/rest/` };
    await store.relocate(portal, await version(), to);
    const other = newPortal();
    await store.install({ install: installOf(other, domain), pair: pair('other'), awaitsAdmission: true });
    await store.install({ install: installOf(other, domain), pair: pair('again') });
    await store.saveRefresh(other, (await store.load(other))?.version ?? 0, {
      ...{ family: familyOf('x'), pair: pair('renewed'), refreshedAtMs: startMs },
      install: installOf(other, domain),
    });
    expect(await store.find(domain)).toBe(portal);
    await store.changeSettings(other, { admitted: true });
    expect(await store.find(domain)).toBe(other);
  });

  it('keeps an application token that no administrator brought until one installs', async () => {
    const token = async () => (await store.applicationToken(portal, 'default'))?.reveal();
    const byAdministrator = { install: { ...installOf(portal), byAdministrator: true }, pair: pair('by-one') };
    await store.install(byAdministrator);
    expect(await token()).toBeUndefined();
    await store.install({ ...byAdministrator, pair: pair('x'), applicationToken: new Secret('genuine') });
    await store.install({ install: { ...installOf(portal), byAdministrator: false }, pair: pair('by-another') });
    await store.install({ ...byAdministrator, pair: pair('y') });
    expect(await token()).toBe('genuine');
    expect(await store.load(portal)).toMatchObject({ byAdministrator: true });
  });

  it('remembers the app it was installed by, and proves no other app with its application token', async () => {
    const app = 'a_0123456789abcdef';
    const applicationToken = new Secret('its own');
    await store.install({ install: { ...installOf(portal), app }, pair: pair('second'), applicationToken });
    expect(await store.load(portal)).toMatchObject({ app });
    expect((await store.applicationToken(portal, app))?.reveal()).toBe('its own');
    expect(await store.applicationToken(portal, 'default')).toBeUndefined();
    const to = { domain: 'elsewhere.example', endpoint: 'https://elsewhere.example/rest/' };
    await store.relocate(portal, await version(), to);
    expect(await store.load(portal)).toMatchObject({ app, ...to });
  });

  it('keeps nothing of another app over a new install: neither its spare families nor its application token', async () => {
    await it_.again('second');
    const old = await version();
    expect(await it_.spares()).toHaveLength(1);
    await it_.again('other', { app: 'a_0123456789abcdef' });
    expect(await it_.spares()).toEqual([]);
    expect(await store.applicationToken(portal, 'a_0123456789abcdef')).toBeUndefined();
    // A refresh of the other app that was under way changes nothing.
    expect(await store.saveRefresh(portal, old, renewal('late', undefined, familyOf('second')))).toBe(false);
    expect(await access()).toBe('access-other');
    await it_.again('back');
    expect(await it_.spares()).toEqual([]);
    expect(await store.load(portal)).not.toHaveProperty('app');
  });

  it('keeps the limits that the operator set until they are removed, whatever else is marked, installed or renewed', async () => {
    const limits = { burst: 100, drainPerSecond: 10 };
    expect(await store.changeSettings(portal, { limits })).toMatchObject({ limits, suspended: false });
    await store.changeSettings(portal, { suspended: true });
    await store.install({ install: installOf(portal), pair: pair('second') });
    await store.saveRefresh(portal, await version(), renewal('third'));
    expect(await store.load(portal)).toMatchObject({ limits, suspended: true });
    await store.changeSettings(portal, { limits: null });
    expect(await store.load(portal)).not.toHaveProperty('limits');
  });

  it('keeps the tags that the operator set, each once and in order, until they are removed', async () => {
    expect(await store.changeSettings(portal, { tags: ['retail', 'emea', 'retail'] })).toMatchObject({
      tags: ['emea', 'retail'],
    });
    await store.changeSettings(portal, { suspended: true });
    await store.install({ install: installOf(portal), pair: pair('second') });
    await store.saveRefresh(portal, await version(), renewal('third'));
    const { items } = await store.list({ limit: 10, only: ({ tags }) => tags?.includes('emea') === true });
    expect(items).toMatchObject([{ portal, tags: ['emea', 'retail'], suspended: true }]);
    await store.changeSettings(portal, { tags: [] });
    expect(await store.load(portal)).not.toHaveProperty('tags');
  });

  it('keeps what the portal told of its tariff, through installs and renewals, until it tells something else', async () => {
    const tariff = { licence: 'de_ent250', family: 'ent', requestedAtMs: 7 };
    await store.saveTariff(portal, tariff);
    await store.install({ install: installOf(portal), pair: pair('second') });
    await store.saveRefresh(portal, await version(), renewal('third'));
    expect((await store.load(portal))?.tariff).toEqual(tariff);
    await store.saveTariff(portal, { licence: 'de_basic', requestedAtMs: 8 });
    expect((await store.load(portal))?.tariff).toEqual({ licence: 'de_basic', requestedAtMs: 8 });
  });

  it('takes a renewal that began before a tariff was learned or limits were set', async () => {
    const old = await version();
    await store.saveTariff(portal, { licence: 'de_basic', requestedAtMs: 7 });
    await store.changeSettings(portal, { limits: { burst: 100, drainPerSecond: 10 } });
    expect(await version()).toBe(old);
    expect(await store.saveRefresh(portal, old, renewal('new'))).toBe(true);
  });

  it('lists limits and tariff with the portal', async () => {
    const limits = { burst: 100, drainPerSecond: 10 };
    const tariff = { licence: 'de_basic', requestedAtMs: 7 };
    await store.changeSettings(portal, { limits });
    await store.saveTariff(portal, tariff);
    const { items } = await store.list({ limit: 1000 });
    expect(items.find((item) => item.portal === portal)).toMatchObject({ limits, tariff });
  });

  it('learns nothing of a portal that was forgotten, and knows nothing of it when it is installed again', async () => {
    const tariff = { licence: 'de_ent250', requestedAtMs: 7 };
    await store.saveTariff(portal, tariff);
    await store.changeSettings(portal, { limits: { burst: 100, drainPerSecond: 10 } });
    await store.remove(portal);
    await store.saveTariff(portal, tariff);
    expect(await store.load(portal)).toBeUndefined();
    await store.install({ install: installOf(portal), pair: pair('again') });
    const again = await store.load(portal);
    expect([again?.tariff, again?.limits]).toEqual([undefined, undefined]);
  });

  it('heals what the pair in use was in issue for, and nothing of a newer pair', async () => {
    const old = await version();
    await store.recordIssue(portal, old, deadIssue);
    await store.recordRejection(portal, rejectionOf(old));
    await store.clearIssue(portal, old - 1);
    expect(await store.load(portal)).toMatchObject({ issue: deadIssue });
    await store.clearIssue(portal, old);
    const now = await store.load(portal);
    expect([now?.issue, now?.rejection]).toEqual([undefined, undefined]);
  });

  it('moves a portal that is still of this version, and finds it by the host it left', async () => {
    const { domain } = installOf(portal);
    const to = { domain: `${aliasOf('new')}.example`, endpoint: `https://${aliasOf('new')}.example/rest/` };
    await store.relocate(portal, (await version()) - 1, to);
    expect((await store.load(portal))?.domain).toBe(domain);
    const old = await version();
    await store.relocate(portal, old, to);
    expect(await store.load(portal)).toMatchObject({ ...to, version: old, formerDomains: [domain] });
    for (const name of [domain, to.domain]) expect(await store.find(name)).toBe(portal);
    expect(await access()).toBe('access-first');
  });

  it('tells which portals were not saved for long, and puts one off', async () => {
    const idle = async (notSinceMs: number) =>
      (await store.listIdle({ notSinceMs, limit: 1000 })).filter((it) => it === portal);
    const { installedAtMs } = (await store.load(portal))!;
    expect(await idle(installedAtMs)).toEqual([portal]);
    expect(await idle(installedAtMs - 9 * dayMs)).toEqual([]);
    await store.postpone(portal, installedAtMs + 1);
    expect([await idle(installedAtMs), await idle(installedAtMs + 1)]).toEqual([[], [portal]]);
    await store.postpone(portal, null);
    await store.postpone(portal, 1);
    expect(await idle(installedAtMs + 1)).toEqual([]);
    await store.saveRefresh(portal, await version(), renewal('new'));
    expect(await idle(startMs + 100_000)).toEqual([portal]);
    await store.uninstall(portal, { ...deadIssue, code: 'portal_uninstalled' });
    expect(await idle(startMs + 100_000)).toEqual([]);
  });

  it('takes one of two renewals of the same pair', async () => {
    const old = await version();
    const taken = await Promise.all(['one', 'two'].map((to) => store.saveRefresh(portal, old, renewal(to))));
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await access()).toBe(taken[0] ? 'access-one' : 'access-two');
  });

  it('takes a renewal that was sent twice for saved', async () => {
    const old = await version();
    expect(await store.saveRefresh(portal, old, renewal('new'))).toBe(true);
    expect(await store.saveRefresh(portal, old, renewal('new'))).toBe(true);
  });

  it('never takes an old refresh for one of a portal that was forgotten and installed again', async () => {
    const old = await version();
    expect(await store.remove(portal)).toBe(true);
    expect(await store.remove(portal)).toBe(false);
    await it_.at.pass(1100);
    await store.install({ install: installOf(portal), pair: pair('again') });
    expect(await store.saveRefresh(portal, old, renewal('late'))).toBe(false);
  });

  it('remembers a refused pair and an issue until a newer pair is there', async () => {
    const old = await version();
    await store.recordRejection(portal, rejectionOf(old));
    await store.recordIssue(portal, old, deadIssue);
    expect(await store.load(portal)).toMatchObject({ rejection: rejectionOf(old), issue: deadIssue });
    await store.saveRefresh(portal, old, renewal('new'));
    await store.recordRejection(portal, rejectionOf(old));
    await store.recordIssue(portal, old, deadIssue);
    const now = await store.load(portal);
    expect([now?.rejection?.version === now?.version, now?.issue]).toEqual([false, undefined]);
  });

  it('drops the secrets of an uninstalled portal, and no refresh under way brings them back', async () => {
    await it_.again('second');
    const old = await version();
    await store.uninstall(portal, { ...deadIssue, code: 'portal_uninstalled' });
    const gone = await store.load(portal);
    expect([gone?.pair, gone?.spares, gone?.issue?.code, await store.applicationToken(portal, 'default')]).toEqual([
      undefined,
      undefined,
      'portal_uninstalled',
      undefined,
    ]);
    expect(await store.saveRefresh(portal, old, renewal('late'))).toBe(false);
  });

  it('finds a portal by id, alias, its domain and the three it left last, and by nothing else', async () => {
    const { domain } = installOf(portal);
    await store.changeSettings(portal, { alias: aliasOf('n') });
    for (const known of [portal, portal.toUpperCase(), domain, aliasOf('n')])
      expect(await store.find(known)).toBe(portal);
    const moved = [1, 2, 3, 4].map((n) => `moved${n}-${aliasOf('at')}.example`);
    for (const to of moved) await store.saveRefresh(portal, await version(), renewal(to, installOf(portal, to)));
    await store.changeSettings(portal, { alias: null });
    for (const known of moved) expect(await store.find(known)).toBe(portal);
    expect(await store.find(domain)).toBeUndefined();
    expect(await store.find(aliasOf('n'))).toBeUndefined();
    await store.remove(portal);
    for (const known of moved) expect(await store.find(known)).toBeUndefined();
  });

  it('leaves a domain to the portal that has it now, though another left it', async () => {
    const { domain } = installOf(portal);
    await store.saveRefresh(portal, await version(), renewal('moved', installOf(portal, `${aliasOf('gone')}.example`)));
    const other = newPortal();
    await store.install({ install: installOf(other, domain), pair: pair('other') });
    expect(await store.find(domain)).toBe(other);
    await store.remove(portal);
    expect(await store.find(domain)).toBe(other);
  });

  it('gives an alias to one portal', async () => {
    const alias = aliasOf('only');
    await store.changeSettings(portal, { alias });
    const other = newPortal();
    await store.install({ install: installOf(other), pair: pair('other') });
    await expect(store.changeSettings(other, { alias })).rejects.toMatchObject({ code: 'alias_taken' });
    await store.remove(portal);
    expect(await store.changeSettings(other, { alias })).toMatchObject({ alias });
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

  it('lists, counts and pages certain portals as if there were no others, in the order of all', async () => {
    const others = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const other = newPortal();
        await store.install({ install: installOf(other), pair: pair('other') });
        return other;
      }),
    );
    const among = [others[4], newPortal(), portal, others[1]].filter((it) => it !== undefined);
    const whole = (await store.list({ limit: 1000 })).items.map((item) => item.portal);
    const pages = [await store.list({ limit: 2, among }), await store.list({ after: 2, limit: 2, among })];
    expect(pages.map(({ items }) => items.length)).toEqual([2, 1]);
    expect(pages.map(({ next }) => next)).toEqual([2, undefined]);
    expect(pages.flatMap(({ items }) => items.map((item) => item.portal))).toEqual(
      whole.filter((it) => among.includes(it)),
    );
    expect(await store.list({ limit: 3, among })).not.toHaveProperty('next');
    expect(await store.list({ limit: 3, among: [] })).toEqual({ items: [] });
  });

  it('lists those only that are wanted, and goes on where it stopped', async () => {
    await store.recordIssue(portal, await version(), deadIssue);
    const only = (record: { issue?: object }) => record.issue !== undefined;
    const seen: string[] = [];
    let after: number | undefined = 0;
    while (after !== undefined) {
      const page: Awaited<ReturnType<GrantStore['list']>> = await store.list({ after, limit: 1, only });
      expect(page.items.length).toBeLessThanOrEqual(1);
      seen.push(...page.items.map((item) => item.portal));
      after = page.next;
    }
    expect(seen).toContain(portal);
    expect(seen).not.toContain(newPortal());
    const { items } = await store.list({ limit: 1000 });
    expect(seen).toEqual(items.filter(only).map((item) => item.portal));
  });

  it('gives a duty to one replica at a time', async () => {
    expect(await store.acquireLease('keep-alive', 'a', 60_000)).toBe(true);
    expect(await store.acquireLease('keep-alive', 'b', 60_000)).toBe(false);
    await store.releaseLease('keep-alive', 'a');
    expect(await store.acquireLease('keep-alive', 'b', 60_000)).toBe(true);
    await store.releaseLease('keep-alive', 'b');
  });

  it('leases to one holder, again to the same, and to another when it ends', async () => {
    expect(await store.acquireLease(portal, 'a', 60_000)).toBe(true);
    expect(await store.acquireLease(portal, 'a', 60_000)).toBe(true);
    expect(await store.acquireLease(portal, 'b', 60_000)).toBe(false);
    await store.releaseLease(portal, 'b');
    expect(await store.acquireLease(portal, 'b', 60_000)).toBe(false);
    await store.releaseLease(portal, 'a');
    expect(await store.acquireLease(portal, 'b', 30)).toBe(true);
    await it_.at.pass(60);
    expect(await store.acquireLease(portal, 'a', 30)).toBe(true);
  });

  it('gives an alias that a replica left behind between two keys to whoever wants it', async () => {
    const { redis } = it_.at;
    if (!redis) return;
    const [ghost, alias] = [aliasOf('ghost'), aliasOf('both')];
    await redis.hset('b24:names', ghost, portal);
    const other = newPortal();
    await store.install({ install: installOf(other), pair: pair('other') });
    expect(await store.changeSettings(other, { alias: ghost })).toMatchObject({ alias: ghost });
    expect(await store.find(ghost)).toBe(other);
    const [one, two] = [portal, newPortal()];
    await store.install({ install: installOf(two), pair: pair('two') });
    await redis.hset('b24:names', alias, other);
    const marked = await Promise.allSettled([one, two].map((id) => store.changeSettings(id, { alias })));
    const owners = await Promise.all([one, two].map(async (id) => (await store.load(id))?.alias === alias));
    expect(owners.filter(Boolean)).toHaveLength(1);
    expect(owners).toEqual(marked.map(({ status }) => status === 'fulfilled'));
    expect(await store.find(alias)).toBe(owners[0] ? one : two);
  });

  it('never keeps a grant that no list leads to, whatever fails in between', async () => {
    const { redis } = it_.at;
    if (!redis) return;
    await redis.rename('b24:portals', 'test:aside');
    await redis.set('b24:portals', 'no list can be written');
    const unlisted = newPortal();
    await expect(store.install({ install: installOf(unlisted), pair: pair('x') })).rejects.toThrow();
    await expect(store.remove(portal)).rejects.toThrow();
    expect([await store.load(unlisted), await store.load(portal)]).toEqual([undefined, undefined]);
    await redis.del('b24:portals');
    await redis.rename('test:aside', 'b24:portals');
  });

  it('seals each secret for its own portal and field', async () => {
    const { redis } = it_.at;
    if (!redis) return;
    await it_.again('second');
    const hash = await redis.hgetall(`b24:{${portal}}:grant`);
    const sealed = Object.entries(hash).filter(([, value]) => value.startsWith('v2.k1.'));
    expect(sealed.map(([field]) => field).sort()).toEqual([
      'accessToken',
      'applicationToken',
      'refreshToken',
      'spare1',
    ]);
    expect(JSON.stringify(hash)).not.toMatch(/access-|refresh-|app-token/);
    await redis.hset(`b24:{${portal}}:grant`, 'accessToken', hash['refreshToken'] ?? '');
    await expect(store.load(portal)).rejects.toThrow();
  });
});
