import type { GrantStore } from '@b24/grants';
import { type PortalId, Secret } from '@b24/portal';
import { familyOf, contract, dayMs, installOf, newPortal, pair, startMs, StoredPortal } from '../support/grant-stores';

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

  it('keeps a renewal that an install overtook as the spare that its family is by now', async () => {
    const old = await version();
    await it_.again('installed');
    expect(await it_.spares()).toEqual([['first', 'refresh-first']]);
    expect(await store.saveRefresh(portal, old, renewal('late'))).toBe(true);
    expect(await access()).toBe('access-installed');
    expect(await it_.spares()).toEqual([['first', 'refresh-late']]);
  });

  it('refuses a renewal of a family that it no longer has', async () => {
    const old = await version();
    await it_.again('installed');
    expect(await store.saveRefresh(portal, old, renewal('late', undefined, familyOf('other')))).toBe(false);
    expect([await access(), await it_.spares()]).toEqual(['access-installed', [['first', 'refresh-first']]]);
  });

  it('puts a renewed spare in the place of the pair in use, which is kept as a refused spare', async () => {
    await it_.again('second');
    const [spare] = (await store.load(portal))?.spares ?? [];
    const family = { id: spare?.id ?? '', grantedAtMs: spare?.grantedAtMs ?? 0 };
    expect(await store.saveRefresh(portal, await version(), renewal('taken', undefined, family))).toBe(true);
    const now = await store.load(portal);
    expect([now?.pair?.refreshToken.reveal(), now?.family?.id]).toEqual(['refresh-taken', 'first']);
    expect(now?.spares).toMatchObject([{ id: 'second', refusedAtMs: expect.any(Number) }]);
  });

  it('makes a refused spare a good one again when whoever refreshed it saves late', async () => {
    const old = await version();
    await it_.again('second');
    await store.rejectSpare(portal, 'first', startMs + 50_000);
    expect((await store.load(portal))?.spares).toMatchObject([{ id: 'first', refusedAtMs: startMs + 50_000 }]);
    await store.saveRefresh(portal, old, renewal('late'));
    const now = await store.load(portal);
    expect(now?.spares?.[0]).not.toHaveProperty('refusedAtMs');
    expect(await it_.spares()).toEqual([['first', 'refresh-late']]);
  });

  it('lets nothing that happens to a spare stand in the way of a renewal of the pair in use', async () => {
    await it_.again('second');
    const old = await version();
    await store.rejectSpare(portal, 'first', startMs + 50_000);
    const family = familyOf('second');
    expect(await store.saveRefresh(portal, old, renewal('new', undefined, family))).toBe(true);
    expect(await access()).toBe('access-new');
  });

  it("keeps the three newest spares, and another administrator's rather than the oldest of them", async () => {
    await it_.again('theirs', { userId: 2, byAdministrator: true });
    for (const name of ['b', 'c', 'd', 'e']) await it_.again(name, { userId: 1 });
    expect((await it_.spares()).map(([id]) => id)).toEqual(['d', 'c', 'theirs']);
  });

  const spareOf = (id: string, more: object = {}) => ({
    ...{ ...familyOf(id), oauthServer: 'https://oauth.example', scope: [], renewedAtMs: startMs + 90_000 },
    refreshToken: new Secret(`refresh-${id}`),
    ...more,
  });

  it('keeps a spare beside the pair in use, which stays as it is, and remembers whether an administrator granted it', async () => {
    const old = await version();
    await store.keepSpare(portal, spareOf('beside', { userId: 6, byAdministrator: false }));
    await store.keepSpare(portal, spareOf('beside', { userId: 6, byAdministrator: false }));
    expect([await version(), await access()]).toEqual([old, 'access-first']);
    expect(await it_.spares()).toEqual([['beside', 'refresh-beside']]);
    expect((await store.load(portal))?.spares).toMatchObject([{ userId: 6, byAdministrator: false }]);
    expect(await store.saveRefresh(portal, old, renewal('new'))).toBe(true);
    expect(await it_.spares()).toEqual([['beside', 'refresh-beside']]);
  });

  it('keeps no spare that may not take over instead of one that may', async () => {
    for (const name of ['b', 'c', 'd']) await it_.again(name, { userId: 1, byAdministrator: true });
    await it_.again('e', { userId: 1, byAdministrator: true });
    for (const id of ['x', 'y', 'z']) await store.keepSpare(portal, spareOf(id, { userId: 6 }));
    expect((await it_.spares()).map(([id]) => id)).toEqual(['d', 'c', 'b']);
  });

  it('keeps no spare where no pair is in use', async () => {
    await store.uninstall(portal, { code: 'portal_uninstalled', detail: 'gone', sinceMs: 1 });
    await store.keepSpare(portal, spareOf('late'));
    const nobody = newPortal();
    await store.keepSpare(nobody, spareOf('late'));
    expect([await it_.spares(), await store.load(nobody)]).toEqual([[], undefined]);
  });

  it('loses none of two spares that change at once', async () => {
    const versions: number[] = [await version()];
    await it_.again('second');
    versions.push(await version());
    await it_.again('third');
    const saves = ['first', 'second'].map((id, i) =>
      store.saveRefresh(portal, versions[i] ?? 0, renewal(`late-${id}`, undefined, familyOf(id))),
    );
    expect(await Promise.all(saves)).toEqual([true, true]);
    expect((await it_.spares()).sort()).toEqual([
      ['first', 'refresh-late-first'],
      ['second', 'refresh-late-second'],
    ]);
  });

  it('takes an install that was sent twice for one', async () => {
    const family = familyOf('twice');
    const wanted = { install: installOf(portal), pair: pair('twice'), family };
    await store.install(wanted);
    await store.install(wanted);
    expect(await it_.spares()).toEqual([['first', 'refresh-first']]);
  });

  it('drops a spare whose refresh token is about to end', async () => {
    await it_.again('second', { installedAtMs: startMs + 100 * dayMs });
    await it_.again('third', { installedAtMs: startMs + 180 * dayMs });
    expect((await it_.spares()).map(([id]) => id)).toEqual(['second']);
  });

  it('remembers a refresh that was begun until it is reported or a newer pair is there', async () => {
    const old = await version();
    expect(await store.markRefreshing(portal, old, true)).toBe(true);
    expect((await store.load(portal))?.refreshingVersion).toBe(old);
    await store.markRefreshing(portal, old, null);
    expect(await store.load(portal)).not.toHaveProperty('refreshingVersion');
    await store.markRefreshing(portal, old, true);
    await store.saveRefresh(portal, old, renewal('new'));
    expect(await store.markRefreshing(portal, old, true)).toBe(false);
    expect(await store.load(portal)).not.toHaveProperty('refreshingVersion');
  });
});
