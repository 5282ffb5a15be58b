import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { Browser } from '../support/browser';
import { type HttpClient, environment, eventually, type HttpReply, World } from '../support/gateway';
import { GatewayProcess } from '../support/gateway-process';

const roomy = { burst: 5000, drainPerSecond: 500 };

describe('a grant', () => {
  let world: World;
  let client: HttpClient;

  beforeAll(async () => {
    world = await World.start({ rotation: 'strict' });
    client = await world.gateway();
  });
  afterEach(() => {
    world.simulator.oauth.faults.clear();
  });
  afterAll(() => world.stop());

  const call = ({ memberId }: SimulatedPortal, by = client): Promise<HttpReply> =>
    by.get(`/v1/portals/${memberId}/backlogs/fields`);
  const view = async ({ memberId }: SimulatedPortal) => (await client.get(`/v1/portals/${memberId}`)).body;
  /** The portal takes the token no more, and the authorization server says why there is no other. */
  const refreshRefused =
    (kind: 'invalid_grant' | 'PAYMENT_REQUIRED' | 'NOT_INSTALLED') => (portal: SimulatedPortal) => {
      portal.expireAccessTokens();
      world.simulator.oauth.faults.next(kind, { method: 'refresh_token', memberId: portal.memberId, times: Infinity });
    };

  describe.each([
    ['reauthorization_required', 409, refreshRefused('invalid_grant')],
    ['payment_required', 402, refreshRefused('PAYMENT_REQUIRED')],
    ['uninstalled', 410, refreshRefused('NOT_INSTALLED')],
    [
      'deleted',
      410,
      (portal: SimulatedPortal) => {
        portal.faults.next('PORTAL_DELETED', { times: Infinity });
      },
    ],
  ])('that became %s', (status, answered, become) => {
    it('says since when and why, is not hammered, and is mended by an install', async () => {
      const portal = await world.installed(client, roomy);
      become(portal);
      expect((await call(portal)).status).toBe(answered);
      await eventually(async () => (await view(portal)).status === status);
      const { since, why } = await view(portal);
      expect(Math.abs(Date.parse(since as string) - Date.now())).toBeLessThan(60_000);
      expect(why).toMatch(/\w+ .+\.$/);

      const asked = () => portal.requests.length + world.simulator.oauth.tokenRequests.length;
      const before = asked();
      for (let i = 0; i < 10; i++) expect((await call(portal)).status).toBe(answered);
      expect(asked()).toBe(before);
      expect((await view(portal)).since).toBe(since);

      portal.faults.clear();
      world.simulator.oauth.faults.clear();
      await world.install(client, portal);
      expect((await call(portal)).status).toBe(200);
      const mended = await view(portal);
      expect([mended.status, mended.since, mended.why]).toEqual(['active', undefined, undefined]);
    });
  });

  it('of a portal that is down is unreachable, since when and why, until the portal answers again', async () => {
    const portal = await world.installed(client, roomy);
    portal.faults.next('cut-before', { times: Infinity });
    await eventually(async () => {
      await call(portal);
      return (await view(portal)).status === 'unreachable';
    });
    const { since, why } = await view(portal);
    expect([typeof since, why]).toEqual(['string', expect.stringContaining('without an answer')]);
    portal.faults.clear();
    await eventually(async () => (await call(portal)).status === 200);
    await eventually(async () => (await view(portal)).status === 'active');
  });

  it('whose chain is lost goes on with another that was granted', async () => {
    const portal = await world.installed(client, roomy);
    const browser = new Browser();
    await browser.open(await browser.allow(client, portal));
    expect((await view(portal)).spareTokenPairs).toBeGreaterThanOrEqual(1);
    portal.expireAccessTokens();
    world.simulator.oauth.faults.next('answer-lost', { method: 'refresh_token', memberId: portal.memberId });
    expect((await call(portal)).status).toBe(200);
    expect((await view(portal)).status).toBe('active');
  });

  it('of a renamed portal is used at the new host, once the authorization server vouches for it', async () => {
    const portal = await world.installed(client, roomy);
    const before = portal.domain;
    await portal.rename();
    expect((await call(portal)).status).toBe(200);
    expect(await view(portal)).toMatchObject({ domain: portal.domain, formerDomains: [before], status: 'active' });
    expect((await client.get(`/v1/portals/${before}`)).body.memberId).toBe(portal.memberId);
  });

  it('of a user who was dismissed needs another’s, and says so though it can be refreshed', async () => {
    const portal = await world.installed(client, { ...roomy, administrators: [1, 6] });
    portal.dismissUser(1);
    const refused = await call(portal);
    expect(refused).toMatchObject({ status: 409, body: { code: 'reauthorization_required' } });
    expect(refused.body['detail']).toContain('dismissed');
    expect(refused.body['authorizeUrl']).toContain('/install?portal=');
    expect((await view(portal)).status).toBe('reauthorization_required');
    const family = portal.grantTokens(6);
    await portal.sendInstallEvent(`${client.url}/bitrix24/events`, { auth: { ...asAuth(family) } });
    await eventually(async () => (await view(portal)).status === 'active');
    expect((await call(portal)).status).toBe(200);
    expect(await view(portal)).toMatchObject({ userId: 6, formerUser: { userId: 1 } });
  });

  it('is refreshed whoever’s clock is wrong: the portal’s word about its token counts, and an end is by our own clock', async () => {
    const portal = await world.installed(client, roomy);
    // The portal's clock is an hour ahead of ours.
    portal.expireAccessTokens();
    expect((await call(portal)).status).toBe(200);
    const { token } = await view(portal);
    expect(Date.parse(token.expiresAt as string)).toBeGreaterThan(Date.now());
  });

  it('that is being refreshed when its replica is told to end is saved, and no chain is lost', async () => {
    const portal = await world.installed(client, roomy);
    const replica = await GatewayProcess.start(environment(world.redis, world.simulator));
    portal.expireAccessTokens();
    const { oauth } = world.simulator;
    oauth.faults.next('slow', {
      method: 'refresh_token',
      memberId: portal.memberId,
      delayMs: 1500,
      afterExecution: true,
    });
    // Its caller hangs up, so that nobody waits for it.
    const hangUp = new AbortController();
    const headers = { Authorization: `Bearer ${client.key}` };
    const path = `/v1/portals/${portal.memberId}/backlogs/fields`;
    const gone = fetch(`${replica.url}${path}`, { headers, signal: hangUp.signal }).catch(() => 'hung up');
    await eventually(() => oauth.faults.pending === 0);
    hangUp.abort();
    expect(await gone).toBe('hung up');
    await replica.stop();
    expect(replica.exitCode).toBe(0);
    const refreshes = oauth.refreshes;
    expect((await call(portal)).status).toBe(200);
    expect(oauth.refreshes).toBe(refreshes);
  }, 60_000);
});

function asAuth(family: ReturnType<SimulatedPortal['grantTokens']>): Record<string, string> {
  return Object.fromEntries(Object.entries(family).map(([name, value]) => [name, String(value)]));
}
