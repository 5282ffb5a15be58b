import { Bitrix24Simulator, type SimulatedPortal } from './index';
import { SpecClient } from './spec-client';

interface Overview {
  readonly failures: readonly { readonly kind: string; readonly lasts: boolean }[];
  readonly portals: readonly { readonly memberId: string; readonly domain: string; readonly failure: string | null }[];
}

describe('/_simulator/failure', () => {
  let simulator: Bitrix24Simulator;
  let portal: SimulatedPortal;
  let other: SimulatedPortal;

  beforeEach(async () => {
    simulator = await Bitrix24Simulator.start();
    portal = await simulator.addPortal();
    other = await simulator.addPortal();
  });
  afterEach(() => simulator.stop());

  const send = async (method: string, query: Record<string, string>) => {
    const response = await fetch(
      `${simulator.oauthServer}/_simulator/failure?${new URLSearchParams(query).toString()}`,
      {
        method,
      },
    );
    return { status: response.status, body: (await response.json()) as Overview };
  };
  const start = (kind: string) => send('PUT', { portal: portal.memberId, kind });
  const profile = () => new SpecClient(portal).call('profile');

  it.each([
    ['plan-expired', 403, 'ACCESS_DENIED'],
    ['query-limit', 503, 'QUERY_LIMIT_EXCEEDED'],
  ])('starts %s for each call of one portal, until it is ended', async (kind, status, error) => {
    const started = await start(kind);
    expect(started.body.portals.map(({ failure }) => failure)).toEqual([kind, null]);
    for (let i = 0; i < 3; i++) expect(await profile()).toMatchObject({ status, body: { error } });
    expect((await new SpecClient(other).call('profile')).status).toBe(200);
    const ended = await send('DELETE', { portal: portal.memberId });
    expect(ended.body.portals.map(({ failure }) => failure)).toEqual([null, null]);
    expect((await profile()).status).toBe(200);
  });

  it('replaces the failure that a portal has', async () => {
    await start('plan-expired');
    await start('query-limit');
    expect(await profile()).toMatchObject({ body: { error: 'QUERY_LIMIT_EXCEEDED' } });
  });

  it.each(['expired-tokens', 'revoked-grant'])('leaves nothing to end after %s, which happens once', async (kind) => {
    const client = new SpecClient(portal);
    expect((await client.call('profile')).status).toBe(200);
    expect((await start(kind)).body.portals[0]).toMatchObject({ failure: null });
    expect((await client.call('profile')).status).toBe(401);
  });

  it('moves a renamed portal to its second address and back, each redirecting to the other', async () => {
    const [first, second] = [other.domain, portal.domain];
    await simulator.stop();
    const ports = [first, second].map((domain) => Number(domain.split(':')[1]));
    simulator = await Bitrix24Simulator.start();
    portal = await simulator.addPortal({ port: ports[0] ?? 0, secondPort: ports[1] ?? 0 });
    const redirectOf = async (domain: string) =>
      (await fetch(`http://${domain}/rest/profile`, { redirect: 'manual' })).headers.get('location');
    expect(await redirectOf(second)).toBe(`http://${first}/rest/profile`);
    expect((await start('renamed')).body.portals[0]).toMatchObject({ domain: second, failure: 'renamed' });
    expect(await redirectOf(first)).toBe(`http://${second}/rest/profile`);
    expect((await send('DELETE', { portal: portal.memberId })).body.portals[0]).toMatchObject({ domain: first });
    expect(await redirectOf(second)).toBe(`http://${first}/rest/profile`);
  });

  it('lists every kind, and starts each of them', async () => {
    const listed = (await (await fetch(`${simulator.oauthServer}/_simulator/failures`)).json()) as Overview;
    expect(listed.failures.length).toBeGreaterThan(6);
    for (const { kind, lasts } of listed.failures) {
      const { status, body } = await start(kind);
      expect([kind, status, body.portals[0]?.failure]).toEqual([kind, 200, lasts ? kind : null]);
    }
  });

  it('refuses an unknown kind, an unknown portal, and methods that a foreign page may send', async () => {
    expect((await start('toString')).status).toBe(400);
    expect((await send('PUT', { portal: 'nobody', kind: 'down' })).status).toBe(404);
    expect((await send('POST', { portal: portal.memberId, kind: 'down' })).status).toBe(405);
    expect((await send('GET', { portal: portal.memberId, kind: 'down' })).status).toBe(405);
    const preflight = await send('OPTIONS', { portal: portal.memberId, kind: 'down' });
    expect(preflight.status).toBe(405);
  });
});
