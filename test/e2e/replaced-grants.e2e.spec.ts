import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { Browser, openFrame, type BrowserPage, policyOf } from '../support/browser';
import { type HttpClient, eventually, World } from '../support/gateway';
import { VendorEvents } from '../support/vendor-events';

const administrator = 1;
const employee = 6;
const chosen = 'chosen-by-an-employee';

describe('a grant that is here', () => {
  let world: World;
  let client: HttpClient;
  let events: VendorEvents;
  let portal: SimulatedPortal;

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway();
    events = new VendorEvents(world, client);
  });
  beforeEach(async () => {
    portal = await world.simulator.addPortal({ burst: 1000, drainPerSecond: 100 });
    await world.knownForLong(portal.memberId);
  });
  afterAll(() => world.stop());

  const grantOf = async () => {
    const redis = world.redis.client();
    const hash = await redis.hgetall(`b24:{${portal.memberId}}:grant`);
    redis.disconnect();
    return hash;
  };
  const view = async () => (await client.get(`/v1/portals/${portal.memberId}`)).body;
  const open = (userId: number, token = chosen) =>
    openFrame(client, portal.framePost({ body: { APPLICATION_TOKEN: token } }, portal.grantTokens(userId)));
  const byCode = async (userId: number): Promise<BrowserPage> => {
    const browser = new Browser();
    const start = await browser.open(`${client.url}/install?portal=${portal.domain}`);
    const allowed = await browser.open(`${start.location}&user_id=${userId}`, { method: 'POST' });
    return browser.open(allowed.location);
  };
  const installEvent = (userId: number, token: string) =>
    portal.installEvent({ auth: { application_token: token } }, portal.grantTokens(userId));
  const audited = async (outcome: string) => {
    const path = `/v1/audit?portal=${portal.memberId}&action=installPortal&outcome=${outcome}`;
    return (await client.get<{ items: { actor: string; status: number }[] }>(path)).body.items;
  };
  /** Whose rights calls have, and which application token proves events. */
  const remains = async (userId: number) => {
    expect(await view()).toMatchObject({ status: 'active', userId, grantedByAdministrator: true });
    expect(await view()).not.toHaveProperty('formerUser');
    await client.get(`/v1/portals/${portal.memberId}/backlogs/fields`);
    expect(portal.requests.at(-1)?.userId).toBe(userId);
    for (const event of ['ONTASKADD', 'ONAPPUNINSTALL'])
      expect(await events.post(portal.uninstallEvent({ event, auth: { application_token: chosen } }))).toMatchObject({
        status: 403,
      });
    expect(await events.post(portal.uninstallEvent({ event: 'ONTASKADD' }))).toMatchObject({ status: 200 });
  };

  describe('that an administrator gave', () => {
    beforeEach(() => events.install(portal));

    it("is changed by nothing of an employee's own token pair on the install page: neither it, nor its user, nor the application token", async () => {
      const before = await grantOf();
      const page = await open(employee);
      expect(page).toMatchObject({ status: 403, html: expect.stringContaining('Nothing was replaced') });
      expect(page.html).toContain('an administrator of the portal');
      expect(page.html).not.toContain('installFinish');
      expect(policyOf(page)['script-src']).not.toContain('api.bitrix24.com');
      expect(await grantOf()).toEqual(before);
      await remains(administrator);
      await eventually(async () => (await audited('administrator_required')).length === 1);
      expect(await audited('administrator_required')).toMatchObject([{ actor: 'portal page', status: 403 }]);
    });

    it("is changed by nothing of an employee's own authorization code", async () => {
      const before = await grantOf();
      expect(await byCode(employee)).toMatchObject({
        status: 403,
        html: expect.stringContaining('Nothing was replaced'),
      });
      expect(await grantOf()).toEqual(before);
      await remains(administrator);
      await eventually(async () => (await audited('administrator_required')).length === 1);
    });

    it("is changed by nothing of an install event with an employee's own token pair", async () => {
      const before = await grantOf();
      await events.refusedLater(installEvent(employee, chosen));
      expect(await grantOf()).toEqual(before);
      await remains(administrator);
      await eventually(async () => (await audited('administrator_required')).length === 1);
    });

    it('is uninstalled by the genuine application token after all that', async () => {
      await open(employee);
      await byCode(employee);
      expect(await events.post(portal.uninstallEvent())).toMatchObject({ status: 200 });
      expect(await view()).toMatchObject({ status: 'uninstalled' });
      expect(await open(employee)).toMatchObject({ status: 403 });
      expect(await view()).toMatchObject({ status: 'uninstalled' });
    });

    it('does not pass to the spare of an employee when its own refresh is refused', async () => {
      portal.faults.next('cut-before', { method: 'profile', times: 3 });
      expect(await open(employee)).toMatchObject({ status: 502 });
      expect((await grantOf())['spares']).toContain(`"userId":${employee}`);
      expect((await view()).spareTokenPairs).toBe(0);
      portal.expireAccessTokens();
      const { oauth } = world.simulator;
      oauth.faults.next('invalid_grant', { method: 'refresh_token', memberId: portal.memberId });
      expect(await events.call(portal)).toMatchObject({ status: 409, body: { code: 'reauthorization_required' } });
      expect(await view()).toMatchObject({ status: 'reauthorization_required', userId: administrator });
      oauth.faults.clear();
    });

    it('is replaced by another administrator, who is recorded as a change of hands, by page and by code', async () => {
      portal.administrators.add(employee);
      expect(await open(employee, portal.applicationToken)).toMatchObject({ status: 200 });
      expect(await view()).toMatchObject({ userId: employee, formerUser: { userId: administrator } });
      expect(await byCode(administrator)).toMatchObject({ status: 200 });
      expect(await view()).toMatchObject({ userId: administrator, formerUser: { userId: employee } });
      expect(await audited('done')).toHaveLength(3);
    });
  });

  describe('while the portal does not say who an administrator is', () => {
    beforeEach(() => events.install(portal));

    it('stays, and the page says so and to try again', async () => {
      portal.faults.next('html', { method: 'profile', status: 503 });
      const before = (await grantOf())['refreshToken'];
      const page = await open(administrator);
      expect(page).toMatchObject({ status: 502, html: expect.stringContaining('Nothing was replaced') });
      expect(page.html).toContain('Wait a minute');
      expect(page.html).not.toContain('installFinish');
      expect((await grantOf())['refreshToken']).toBe(before);
      expect((await view()).spareTokenPairs).toBe(1);
      expect(await open(administrator, portal.applicationToken)).toMatchObject({ status: 200 });
    });

    it('is replaced by an install event later, which is made again with the fresh pair', async () => {
      portal.faults.next('cut-before', { method: 'profile', times: 1 });
      await events.post(installEvent(administrator, 'a-newer-genuine-token'));
      await eventually(() => events.logged(portal.memberId, 'administrator_unknown') === 1);
      await eventually(() => events.logged(portal.memberId, 'by event') === 2);
      const event = { event: 'ONTASKADD', auth: { application_token: 'a-newer-genuine-token' } };
      expect(await events.post(portal.uninstallEvent(event))).toMatchObject({ status: 200 });
      expect(await events.call(portal)).toMatchObject({ status: 200 });
    }, 60_000);
  });

  it('that nobody gave before may be an employee’s, which the portal’s view says, and is an administrator’s as soon as one installs', async () => {
    const page = await open(employee);
    expect(page).toMatchObject({ status: 200, html: expect.stringContaining('not its administrator') });
    expect(await view()).toMatchObject({ userId: employee, grantedByAdministrator: false });
    expect(await byCode(administrator)).toMatchObject({ status: 200 });
    expect(await view()).toMatchObject({ userId: administrator, grantedByAdministrator: true });
    const forged = portal.uninstallEvent({ auth: { application_token: chosen } });
    expect(await events.post(forged)).toMatchObject({ status: 403 });
    expect(await view()).toMatchObject({ status: 'active' });
  });

  it('makes one refresh an expiry, whoever else tries to install meanwhile', async () => {
    await events.install(portal);
    portal.expireAccessTokens();
    const mine = () =>
      world.simulator.oauth.tokenRequests.filter(
        (it) => it.memberId === portal.memberId && it.grantType === 'refresh_token',
      ).length;
    const before = mine();
    const calls = Array.from({ length: 20 }, () => events.call(portal));
    const page = open(employee);
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(calls.map(() => 200));
    expect(await page).toMatchObject({ status: 403 });
    expect(mine() - before).toBe(2);
  });
});
