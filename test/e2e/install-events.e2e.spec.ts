import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { Attacker } from '../support/attacker';
import { type HttpClient, eventually, World } from '../support/gateway';
import { memoryOf } from '../support/redis-memory';
import { VendorEvents } from '../support/vendor-events';

describe('the event ONAPPINSTALL', () => {
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
  afterEach(() => {
    world.simulator.oauth.faults.clear();
  });
  afterAll(() => world.stop());

  it('is answered at once and makes a portal that can be called, over a chain of its own', async () => {
    const family = portal.grantTokens();
    expect(await events.post(portal.installEvent({}, family))).toEqual({ status: 200, body: { received: true } });
    await events.installed(portal);
    expect(portal.requests.at(-1)?.token).not.toBe(family.access_token);
  });

  it('is answered before the authorization server has said anything', async () => {
    world.simulator.oauth.faults.next('slow', { method: 'app.info', delayMs: 500 });
    expect(await events.post(portal.installEvent())).toMatchObject({ status: 200 });
    expect(await events.call(portal)).toMatchObject({ status: 404 });
    await events.installed(portal);
  });

  it('leaves the grant working when the same delivery comes again, one after the other and all at once', async () => {
    const event = portal.installEvent();
    await Promise.all([events.post(event), events.post(event), events.post(event)]);
    await events.installed(portal);
    const pairs = world.simulator.oauth.refreshes;
    await events.refusedLater(event);
    await events.refusedLater(event);
    expect(world.simulator.oauth.refreshes).toBe(pairs);
    expect(await events.call(portal)).toMatchObject({ status: 200 });
  });

  it('leaves the grant as it is when the vendor still honours the old access token of a second delivery', async () => {
    const event = portal.installEvent();
    await events.post(event);
    await events.installed(portal);
    const reported = { client_endpoint: portal.endpoint, member_id: portal.memberId };
    const body = JSON.stringify({ result: { client_id: world.simulator.clientId, install: reported } });
    world.simulator.oauth.faults.next('custom', { method: 'app.info', status: 200, body });
    const before = await memoryOf(world.redis);
    const asked = world.simulator.oauth.tokenRequests.length;
    await events.post(event);
    await eventually(() =>
      world.simulator.oauth.tokenRequests.slice(asked).some(({ outcome }) => outcome === 'invalid_grant'),
    );
    await eventually(() => events.logged(portal.memberId, 'by event') === 2);
    expect(await memoryOf(world.redis)).toEqual(before);
  });

  it('is taken when it comes late, after its access token expired', async () => {
    const event = portal.installEvent();
    world.simulator.clock.advance(3 * 3_600_000);
    await events.post(event);
    await events.installed(portal);
  });

  it("is refused when it comes late for another portal's chain", async () => {
    const other = await world.simulator.addPortal();
    const event = portal.installEvent(
      {},
      { ...other.grantTokens(), domain: portal.domain, member_id: portal.memberId },
    );
    world.simulator.clock.advance(3 * 3_600_000);
    await events.refusedLater(event);
  });

  it('is refused when it comes after the app was uninstalled again', async () => {
    const event = portal.installEvent();
    portal.uninstall();
    await events.refusedLater(event);
  });

  it('is verified again when the authorization server failed at first', async () => {
    world.simulator.oauth.faults.next('html', { method: 'app.info', times: 2 });
    await events.install(portal);
  });

  it('loses no grant when the store is away between the proof and the save', async () => {
    world.simulator.oauth.faults.next('slow', { method: 'refresh_token', delayMs: 400 });
    await events.post(portal.installEvent());
    await eventually(() => world.simulator.oauth.tokenRequests.at(-1)?.grantType === 'refresh_token');
    await world.redis.kill();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await world.redis.startAgain({ withData: true });
    await events.installed(portal);
  });

  it.each([
    ['an access token nobody knows', { access_token: 'f'.repeat(70) }],
    ['a refresh token nobody knows', { refresh_token: 'f'.repeat(70) }],
    ["another portal's member id", { member_id: 'f'.repeat(32) }],
  ])('is refused with %s', async (_what, auth) => {
    await events.refusedLater(portal.installEvent({ auth }));
    expect(await events.call(portal)).toMatchObject({ status: 404 });
  });

  it.each([
    ['other-client', 'app.info'],
    ['other-member', 'app.info'],
    ['other-member', 'refresh_token'],
    ['invalid_grant', 'refresh_token'],
    ['NOT_INSTALLED', 'refresh_token'],
  ] as const)('is refused when the authorization server does not confirm it (%s of %s)', async (kind, method) => {
    world.simulator.oauth.faults.next(kind, { method });
    await events.refusedLater(portal.installEvent());
  });

  it("is refused with another app's tokens, or another portal's", async () => {
    const local = await world.simulator.addPortal({ clientId: 'local.events', clientSecret: 'a secret of its own' });
    await events.refusedLater(portal.installEvent({}, { ...local.grantTokens(), domain: portal.domain }));
    const other = await world.simulator.addPortal();
    await events.refusedLater(portal.installEvent({}, { ...other.grantTokens(), member_id: portal.memberId }));
  });

  it('is refused at once when it names a host that is not allowed, and nobody is asked about it', async () => {
    const asked = world.simulator.oauth.tokenRequests.length;
    for (const domain of [
      'evil.example',
      '10.0.0.1',
      '127.0.0.1@evil.example',
      'evil.example/127.0.0.1',
      '127.0.0.1#',
      '',
    ])
      expect((await events.post(portal.installEvent({ auth: { domain } }))).status).toBeGreaterThanOrEqual(400);
    expect(world.simulator.oauth.tokenRequests).toHaveLength(asked);
  });

  it('never makes the gateway ask a server that the event names', async () => {
    const attacker = await Attacker.listen();
    const there = `http://${attacker.host}/rest/`;
    for (const server_endpoint of [there, attacker.host, `//${attacker.host}`, `http://u:p@${attacker.host}/`, '\\']) {
      await events.post(
        portal.installEvent({ auth: { server_endpoint, client_endpoint: there, domain: attacker.host } }),
      );
      await events.installed(portal);
    }
    expect(await client.get(`/v1/portals/${portal.memberId}`)).toMatchObject({ body: { domain: portal.domain } });
    await attacker.stop();
    expect(attacker.asked).toEqual([]);
  });

  it('replaces grant and application token when the portal installs again with another token', async () => {
    await events.install(portal);
    const old = portal.uninstallEvent();
    portal.uninstall();
    await events.post(portal.installEvent());
    await eventually(() => events.logged(portal.memberId, 'by event') === 2);
    await events.refusedAtOnce(old, 403);
    expect(await events.call(portal)).toMatchObject({ status: 200 });
    expect(await events.post(portal.uninstallEvent())).toMatchObject({ status: 200 });
  });

  it('does not replace the application token on the word of an event that was not verified', async () => {
    await events.install(portal);
    const application_token = 'chosen-by-an-attacker';
    await events.refusedLater(
      portal.installEvent({
        auth: { application_token, refresh_token: 'f'.repeat(70), access_token: 'f'.repeat(70) },
      }),
    );
    await events.refusedAtOnce(portal.uninstallEvent({ auth: { application_token } }), 403);
  });
});
