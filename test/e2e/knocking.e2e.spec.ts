import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { Browser } from '../support/browser';
import { type HttpClient, eventually, World } from '../support/gateway';
import { HandClock } from '../support/hand-clock';

const memberOf = (i: number) => i.toString(16).padStart(32, '0');

describe('who knocks without a key', () => {
  let world: World;
  let client: HttpClient;
  let clock: HandClock;

  beforeAll(async () => {
    world = await World.start();
  });
  beforeEach(async () => {
    clock = new HandClock(Date.now());
    client = await world.gateway({ TRUSTED_PROXIES: '127.0.0.1' }, clock);
  });
  afterEach(async () => {
    world.simulator.oauth.faults.clear();
    await world.closeGateways();
  });
  afterAll(() => world.stop());

  /** An event as it comes through a proxy from this address. */
  const post = async (from: string, { contentType, body }: { contentType: string; body: string }) => {
    const headers = { 'Content-Type': contentType, 'X-Forwarded-For': from };
    const response = await fetch(`${client.url}/bitrix24/events`, { method: 'POST', headers, body });
    return { status: response.status, body: (await response.json()) as { code?: string }, headers: response.headers };
  };
  const forged = (portal: SimulatedPortal, member_id: string) =>
    portal.installEvent({ auth: { member_id, access_token: 'f'.repeat(70), refresh_token: 'f'.repeat(70) } });
  const flood = async (count: number, from: string, event: (i: number) => { contentType: string; body: string }) => {
    const statuses: number[] = [];
    for (let i = 0; i < count; i += 50)
      statuses.push(
        ...(await Promise.all(Array.from({ length: Math.min(50, count - i) }, (_, j) => post(from, event(i + j))))).map(
          ({ status }) => status,
        ),
      );
    return statuses;
  };
  const installed = async ({ memberId }: SimulatedPortal) =>
    (await client.get(`/v1/portals/${memberId}`)).body.status === 'active';

  it('and forges events is throttled by address, while the portals of another address get through', async () => {
    const portal = await world.simulator.addPortal();
    await world.knownForLong(portal.memberId);
    const statuses = await flood(700, '203.0.113.9', (i) =>
      portal.uninstallEvent({ auth: { member_id: memberOf(i) } }),
    );
    expect(statuses.filter((it) => it === 403)).toHaveLength(600);
    expect(statuses.filter((it) => it === 429)).toHaveLength(100);
    const refused = await post('203.0.113.9', portal.uninstallEvent());
    expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_attempts' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await post('198.51.100.1', portal.installEvent())).toMatchObject({ status: 200 });
    await eventually(() => installed(portal));
  });

  it('and forges events of one portal uses up that portal at that address only', async () => {
    const [portal, other] = [await world.simulator.addPortal(), await world.simulator.addPortal()];
    await world.install(client, portal);
    await world.install(client, other);
    const wrong = portal.uninstallEvent({ auth: { application_token: 'f'.repeat(32) } });
    const statuses = await flood(35, '203.0.113.9', () => wrong);
    expect(statuses.filter((it) => it === 429)).toHaveLength(5);
    const event = 'ONTASKADD';
    expect(await post('203.0.113.9', other.uninstallEvent({ event }))).toMatchObject({ status: 200 });
    expect(await post('198.51.100.1', portal.uninstallEvent({ event }))).toMatchObject({ status: 200 });
  });

  it('and proves itself costs nothing: any number of genuine events of one address pass', async () => {
    const portal = await world.simulator.addPortal();
    await world.install(client, portal);
    const genuine = portal.uninstallEvent({ event: 'ONTASKADD' });
    const statuses: number[] = [];
    for (let i = 0; i < 700; i += 20)
      statuses.push(
        ...(await Promise.all(Array.from({ length: 20 }, () => post('198.51.100.1', genuine)))).map((it) => it.status),
      );
    expect(statuses.filter((it) => it !== 200)).toEqual([]);
  });

  it('and fills the inbox loses its own: an install of another address is taken and verified in turn', async () => {
    const portal = await world.simulator.addPortal();
    await world.knownForLong(portal.memberId);
    world.simulator.oauth.faults.next('slow', { method: 'app.info', delayMs: 1500, times: 100_000 });
    // A flood from many addresses, each within its budget, larger than what may wait.
    const sources = Array.from({ length: 6 }, (_, i) => `203.0.113.${i}`);
    await Promise.all(sources.map((from, s) => flood(500, from, (i) => forged(portal, memberOf(s * 1000 + i)))));
    expect(await post('198.51.100.1', portal.installEvent())).toMatchObject({ status: 200 });
    expect(world.logLines.some((line) => line.includes('its source sent too many'))).toBe(true);
    const verdicts = () => world.logLines.filter((line) => line.includes('install not taken: The auth')).length;
    const before = verdicts();
    await eventually(() => installed(portal));
    // In turn: long before the flood's own were all looked at.
    expect(verdicts() - before).toBeLessThan(1000);
  }, 60_000);

  it('and begins authorizations is throttled by address, with a page that says so', async () => {
    const portal = await world.simulator.addPortal();
    const open = (from: string) =>
      new Browser().open(`${client.url}/install?portal=${portal.domain}`, { headers: { 'X-Forwarded-For': from } });
    const pages = [];
    for (let i = 0; i < 121; i++) pages.push(await open('203.0.113.9'));
    expect(pages.map(({ status }) => status)).toEqual([...Array.from({ length: 120 }, () => 302), 429]);
    expect(pages.at(-1)?.html).toContain('too_many_attempts');
    expect(pages.at(-1)?.headers.get('retry-after')).toBe('1');
    expect((await open('198.51.100.1')).status).toBe(302);
    await clock.advance(1000);
    expect((await open('203.0.113.9')).status).toBe(302);
  });

  it('can leave only so many authorizations open in Redis, from however many addresses', async () => {
    const portal = await world.simulator.addPortal();
    const redis = world.redis.client();
    await redis.flushall();
    const statuses: number[] = [];
    for (let source = 0; source < 42; source++) {
      const headers = { 'X-Forwarded-For': `203.0.113.${source}` };
      const opened = Array.from({ length: 50 }, () =>
        new Browser().open(`${client.url}/install?portal=${portal.domain}`, { headers }),
      );
      statuses.push(...(await Promise.all(opened)).map(({ status }) => status));
    }
    expect(statuses.filter((it) => it === 302)).toHaveLength(2000);
    expect(statuses.filter((it) => it === 429)).toHaveLength(100);
    expect(await redis.keys('b24:state:*')).toHaveLength(2000);
    redis.disconnect();
  }, 60_000);

  it('cannot choose its address: what a proxy is said to have said is believed of trusted proxies only', async () => {
    client = await world.gateway({}, clock);
    const portal = await world.simulator.addPortal();
    const statuses: number[] = [];
    for (let i = 0; i < 35; i++) statuses.push((await post(`203.0.113.${i}`, portal.uninstallEvent())).status);
    expect(statuses.filter((it) => it === 429)).toHaveLength(5);
  });
});
