import type { Browser } from 'playwright-core';
import { Bitrix24Simulator, type SimulatedPortal } from '../../apps/portal-simulator/src';
import { ConsolePage, launchChromium } from '../support/chromium';
import { adminKey, eventually, HttpClient, World } from '../support/gateway';

/** A browser on a busy machine takes its time; nothing here is measured by it. */
jest.setTimeout(120_000);

describe('the sandbox', () => {
  let world: World;
  let client: HttpClient;
  let acme: SimulatedPortal;
  let cookie: string;

  const ask = async (
    method: string,
    path: string,
    { at = client, body, headers = {} }: { at?: HttpClient; body?: unknown; headers?: Record<string, string> } = {},
  ) => {
    const response = await fetch(`${at.url}/console/${path}`, {
      method,
      headers: {
        'X-Console': '1',
        Cookie: cookie,
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {} };
  };
  const signIn = async (at: HttpClient) => {
    const headers = { 'X-Console': '1', 'Content-Type': 'application/json' };
    const body = JSON.stringify({ key: adminKey });
    const response = await fetch(`${at.url}/console/session`, { method: 'POST', headers, body });
    cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    return (await response.json()) as Record<string, unknown>;
  };
  const failureOf = (portal: SimulatedPortal) => `simulator/${portal.memberId}/failure`;
  const callProfile = () => client.call('POST', `/v1/portals/${acme.memberId}/call/profile`, {});

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway({ SANDBOX_URL: world.simulator.oauthServer });
    acme = await world.installed(client);
  });
  beforeEach(() => signIn(client));
  afterAll(() => world.stop());

  it('starts a failure of a simulated portal, which calls meet, and ends it', async () => {
    const started = await ask('PUT', failureOf(acme), { body: { kind: 'html' } });
    expect(started).toMatchObject({ status: 200, body: { portals: [{ memberId: acme.memberId, failure: 'html' }] } });
    expect((await callProfile()).body.code).toBe('portal_error');
    const ended = await ask('DELETE', failureOf(acme));
    expect(ended).toMatchObject({ status: 200, body: { portals: [{ failure: null }] } });
    await eventually(async () => (await callProfile()).status === 200);
    const { body } = await client.get<{ items: { action: string; portal: string }[] }>('/v1/audit');
    const actions = body.items.filter(({ portal }) => portal === acme.memberId).map(({ action }) => action);
    expect(actions).toEqual(expect.arrayContaining(['startSandboxFailure', 'endSandboxFailure']));
  });

  it('has callers notice nothing of tokens that expire, and of a rename', async () => {
    await ask('PUT', failureOf(acme), { body: { kind: 'expired-tokens' } });
    expect((await callProfile()).status).toBe(200);
    await ask('PUT', failureOf(acme), { body: { kind: 'renamed' } });
    expect((await callProfile()).status).toBe(200);
    await ask('DELETE', failureOf(acme));
  });

  it('refuses a kind and a portal that it does not have, and any other body', async () => {
    expect(await ask('PUT', failureOf(acme), { body: { kind: 'nothing' } })).toMatchObject({ status: 400 });
    expect(await ask('PUT', failureOf(acme), { body: { kind: '../x' } })).toMatchObject({ status: 400 });
    expect(await ask('PUT', failureOf(acme), { body: { kind: 'html', times: 5 } })).toMatchObject({ status: 400 });
    const body = { kind: 'html' };
    expect(await ask('PUT', `simulator/${'0'.repeat(32)}/failure`, { body })).toMatchObject({ status: 400 });
    expect(await ask('PUT', 'simulator/nowhere/failure', { body })).toMatchObject({
      body: { code: 'portal_not_found' },
    });
  });

  it.each([
    ['without a session', { Cookie: '' }],
    ['without the header of the console’s own pages', { 'X-Console': '' }],
    ['from a page of another site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['from another origin', { Origin: 'https://evil.example' }],
    ['with a key in place of a session', { Cookie: '', Authorization: `Bearer ${adminKey}` }],
  ])('is not used %s', async (_how, headers) => {
    const asked = [
      await ask('GET', 'simulator', { headers }),
      await ask('PUT', failureOf(acme), { headers, body: { kind: 'html' } }),
      await ask('DELETE', failureOf(acme), { headers }),
    ];
    expect(asked.map(({ status }) => status)).toEqual([401, 401, 401]);
    expect(await ask('GET', 'simulator')).toMatchObject({ body: { portals: [{ failure: null }] } });
  });

  it('does not exist without its setting: no route, and nothing of it in the session', async () => {
    const plain = await world.gateway();
    expect(await signIn(plain)).not.toHaveProperty('simulator');
    const asked = [
      // A page of the console, as any path below /console that is no route.
      await fetch(`${plain.url}/console/simulator`).then(({ headers }) => headers.get('content-type')),
      (await ask('PUT', failureOf(acme), { at: plain, body: { kind: 'html' } })).body['code'],
      (await ask('DELETE', failureOf(acme), { at: plain })).body['code'],
    ];
    expect(asked).toEqual([expect.stringContaining('text/html'), 'route_not_found', 'route_not_found']);
    expect(await signIn(client)).toMatchObject({ sandbox: true });
  });

  it('reports a simulator that does not answer', async () => {
    const away = await Bitrix24Simulator.start();
    const lonely = await world.gateway({ SANDBOX_URL: away.oauthServer });
    await away.stop();
    await signIn(lonely);
    expect(await ask('GET', 'simulator', { at: lonely })).toMatchObject({
      status: 502,
      body: { code: 'portal_unreachable' },
    });
  });

  describe('in a browser', () => {
    let browser: Browser;
    let consolePage: ConsolePage;

    beforeAll(async () => {
      browser = await launchChromium();
    });
    afterEach(() => consolePage.close());
    afterAll(() => browser.close());

    it.each([390, 1360])('shows each failure and what the gateway does about it, at %s pixels', async (width) => {
      consolePage = await ConsolePage.open(browser, client, { viewport: { width, height: 900 } });
      await consolePage.enter('/sandbox');
      const { page } = consolePage;
      const { failures } = (await ask('GET', 'simulator')).body as { failures: unknown[] };
      await page
        .getByText('The gateway:')
        .nth(failures.length - 1)
        .waitFor();
      expect(await page.locator('.cards > li').count()).toBe(failures.length);
      expect([await consolePage.overflow(), await consolePage.unseen(), await consolePage.barriers()]).toEqual([
        0,
        [],
        [],
      ]);
      expect(consolePage.complaints).toEqual([]);
    });

    it('has neither a menu entry nor a page without its setting', async () => {
      const plain = await world.gateway();
      consolePage = await ConsolePage.open(browser, plain);
      await consolePage.enter('/sandbox');
      const { page } = consolePage;
      await page.getByText('There is no such page').waitFor();
      expect(await page.getByRole('link', { name: 'Sandbox' }).count()).toBe(0);
    });
  });
});
