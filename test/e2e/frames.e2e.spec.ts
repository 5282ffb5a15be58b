import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { Attacker } from '../support/attacker';
import { Browser, openFrame, policyOf } from '../support/browser';
import { adminKey, type HttpClient, eventually, World } from '../support/gateway';
import { memoryOf } from '../support/redis-memory';

const frameScript = 'https://api.bitrix24.com';
type Overrides = Parameters<SimulatedPortal['framePost']>[0];

describe('a portal installed by the page in its frame', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;
  const open = (overrides?: Overrides, family?: ReturnType<SimulatedPortal['grantTokens']>) =>
    openFrame(client, portal.framePost(overrides, family));
  const fields = () => client.get(`/v1/portals/${portal.memberId}/backlogs/fields`);
  const refused = async (overrides: Overrides, words: string, family?: Parameters<typeof open>[1]) => {
    const before = await memoryOf(world.redis);
    const page = await open(overrides, family);
    expect(page).toMatchObject({ status: expect.any(Number), html: expect.stringContaining(words) });
    expect(page.status).toBeGreaterThanOrEqual(400);
    expect(page.html).not.toContain('installFinish');
    expect(policyOf(page)['script-src']).not.toContain(frameScript);
    expect(await memoryOf(world.redis)).toEqual(before);
    return page;
  };

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway();
  });
  beforeEach(async () => {
    portal = await world.simulator.addPortal({ burst: 1000, drainPerSecond: 100 });
    await world.knownForLong(portal.memberId);
  });
  afterEach(() => {
    world.simulator.oauth.faults.clear();
  });
  afterAll(() => world.stop());

  it('ends with BX24.installFinish(), may be framed by that portal only, and can be called', async () => {
    const page = await open();
    expect(page).toMatchObject({ status: 200, html: expect.stringContaining('The app is installed') });
    const policy = policyOf(page);
    const [nonce] = /'nonce-[^']+'/.exec(policy['script-src'] ?? '') ?? [];
    expect(page.html).toContain(`<script src="${frameScript}/api/v1/"></script>`);
    expect(page.html).toContain(`<script nonce="${nonce?.slice(7, -1)}">`);
    expect(page.html).toContain('BX24.installFinish()');
    expect(policy).toMatchObject({
      'default-src': "'none'",
      'script-src': `${nonce} ${frameScript}`,
      'frame-ancestors': `http://${portal.domain}`,
    });
    expect(page.headers.has('x-frame-options')).toBe(false);
    expect(await fields()).toMatchObject({ status: 200 });
  });

  it('keeps a chain of its own: the pair that came with the page is spent', async () => {
    const family = portal.grantTokens();
    await open({}, family);
    await fields();
    expect(portal.requests.at(-1)?.token).not.toBe(family.access_token);
    expect(await openFrame(client, portal.framePost({}, family))).toMatchObject({ status: 403 });
    expect(await fields()).toMatchObject({ status: 200 });
  });

  it('proves later events with the application token that came with it', async () => {
    await open();
    expect(await portal.sendUninstallEvent(`${client.url}/bitrix24/events`)).toMatchObject({ status: 200 });
    expect(await fields()).toMatchObject({ status: 410, body: { code: 'portal_uninstalled' } });
  });

  it('needs no field that the vendor may leave out', async () => {
    const absent = {
      SERVER_ENDPOINT: undefined,
      APPLICATION_TOKEN: undefined,
      APPLICATION_SCOPE: undefined,
      PLACEMENT: undefined,
    };
    expect(await open({ body: absent, query: { APP_SID: undefined, LANG: undefined } })).toMatchObject({ status: 200 });
    expect(await fields()).toMatchObject({ status: 200 });
  });

  it.each([
    ['an unknown access token', { body: { AUTH_ID: 'f'.repeat(70) } }],
    ['an unknown refresh token', { body: { REFRESH_ID: 'f'.repeat(70) } }],
    ["another portal's member id", { body: { member_id: 'f'.repeat(32) } }],
    ['a member id that is none', { body: { member_id: '__proto__' } }],
    ['no refresh token', { body: { REFRESH_ID: undefined } }],
    ['an empty token', { body: { AUTH_ID: '' } }],
    ['a token too long to be one', { body: { AUTH_ID: 'f'.repeat(3000) } }],
    ['a host that is not allowed', { query: { DOMAIN: 'evil.example' } }],
    ['no host', { query: { DOMAIN: undefined } }],
  ] satisfies [string, Overrides][])('refuses %s', async (_what, overrides) => {
    await refused(overrides, '<h1 class="bad">');
    expect(await client.get(`/v1/portals/${portal.memberId}`)).toMatchObject({ status: 404 });
  });

  it.each([
    ['other-client', 'app.info', 'does not confirm'],
    ['other-member', 'app.info', 'does not confirm'],
    ['other-member', 'refresh_token', 'could not be verified'],
    ['invalid_grant', 'refresh_token', 'used before, or is not from this app'],
    ['NOT_INSTALLED', 'refresh_token', 'used before, or is not from this app'],
  ] as const)('refuses what the authorization server does not confirm (%s of %s)', async (kind, method, words) => {
    world.simulator.oauth.faults.next(kind, { method });
    await refused({}, words);
  });

  it.each(['app.info', 'refresh_token'])('refuses a host that is not allowed in the answer of %s', async (method) => {
    const strict = await world.gateway({ B24_PORTAL_HOSTS: '127.0.0.1/32:*' });
    world.simulator.oauth.faults.next('foreign-endpoint', { method });
    const before = await memoryOf(world.redis);
    expect(await openFrame(strict, portal.framePost())).toMatchObject({
      status: 403,
      html: expect.stringContaining('B24_PORTAL_HOSTS'),
    });
    expect(await memoryOf(world.redis)).toEqual(before);
  });

  it("refuses another app's token, and a token of one portal for another", async () => {
    const local = await world.simulator.addPortal({ clientId: 'local.frame', clientSecret: 'a secret of its own' });
    await refused({}, 'does not confirm', { ...local.grantTokens(), domain: portal.domain });
    const other = await world.simulator.addPortal();
    const { access_token, refresh_token } = other.grantTokens();
    await refused({}, 'does not confirm', { ...portal.grantTokens(), access_token, refresh_token });
    await refused({}, 'could not be verified', { ...portal.grantTokens(), refresh_token });
  });

  it('leaves an installed portal as it was when somebody posts a forged page for it', async () => {
    await open();
    await fields();
    await refused(
      { body: { AUTH_ID: 'f'.repeat(70), APPLICATION_TOKEN: 'a token of an attacker' } },
      'does not confirm',
    );
    expect(await fields()).toMatchObject({ status: 200 });
  });

  it('asks only its own authorization server, whichever the page names', async () => {
    const attacker = await Attacker.listen();
    for (const server of [
      `http://${attacker.host}/rest/`,
      attacker.host,
      `${world.simulator.oauthServer}@${attacker.host}`,
      'not a url',
    ])
      expect(await open({ body: { SERVER_ENDPOINT: server } })).toMatchObject({ status: 200 });
    await attacker.stop();
    expect(attacker.asked).toEqual([]);
  });

  it('installs where the authorization server says the portal is, not where the page says', async () => {
    const attacker = await Attacker.listen();
    const page = await open({ query: { DOMAIN: attacker.host } });
    expect(policyOf(page)['frame-ancestors']).toBe(`http://${portal.domain}`);
    expect(await client.get(`/v1/portals/${portal.memberId}`)).toMatchObject({ body: { domain: portal.domain } });
    await attacker.stop();
    expect(attacker.asked).toEqual([]);
  });

  it('takes the page of an app whose install is not finished yet', async () => {
    const post = portal.framePost();
    const reported = { installed: false, client_endpoint: portal.endpoint, member_id: portal.memberId };
    const body = JSON.stringify({ result: { client_id: world.simulator.clientId, scope: 'task', install: reported } });
    world.simulator.oauth.faults.next('custom', { method: 'app.info', status: 200, body, times: 3 });
    expect(await openFrame(client, post)).toMatchObject({ status: 200 });
  });

  it('loses no grant when the store is away between the proof and the save', async () => {
    const post = portal.framePost();
    world.simulator.oauth.faults.next('slow', { method: 'refresh_token', delayMs: 400 });
    const page = openFrame(client, post);
    await eventually(() => refreshing(world));
    await world.redis.kill();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await world.redis.startAgain({ withData: true });
    expect(await page).toMatchObject({ status: 200, html: expect.stringContaining('The app is installed') });
    await world.knownForLong(portal.memberId);
    expect(await fields()).toMatchObject({ status: 200 });
  });

  it('lets only allowed portals frame its failures, and names a way out of the frame', async () => {
    const page = await open({ body: { AUTH_ID: 'f'.repeat(70) } });
    expect(policyOf(page)['frame-ancestors']).toBe(`http://${portal.domain}`);
    expect(page.headers.has('x-frame-options')).toBe(false);
    expect(page.html).toMatch(/<a [^>]*href="\/install"[^>]* target="_blank"/);
    const foreign = await open({ query: { DOMAIN: 'evil.example' } });
    expect(policyOf(foreign)['frame-ancestors']).toBe("'none'");
    expect(foreign.headers.get('x-frame-options')).toBe('SAMEORIGIN');
  });

  it('puts nothing of what was posted into a page or a header', async () => {
    const html = `"'><script>alert(1)</script>; script-src *`;
    const words = ['DOMAIN', 'PROTOCOL', 'LANG', 'APP_SID'];
    const query = Object.fromEntries(words.map((word) => [word, html]));
    const spoilt = {
      AUTH_ID: html,
      REFRESH_ID: html,
      SERVER_ENDPOINT: html,
      APPLICATION_TOKEN: html,
      status: html,
      PLACEMENT: html,
    };
    for (const overrides of [
      { query },
      { body: spoilt },
      { body: { ...spoilt, member_id: html } },
      { query, body: spoilt },
    ]) {
      const page = await refused(overrides, '<h1 class="bad">');
      expect(page.html).not.toContain('alert(');
      expect(page.headers.get('content-security-policy')).not.toContain('*');
    }
    const good = await open({
      query: { PROTOCOL: html, LANG: html, APP_SID: html },
      body: { PLACEMENT: html, PLACEMENT_OPTIONS: html },
    });
    expect(good.html).not.toContain('alert(');
  });

  it('answers two hosts, or one in brackets, with a page', async () => {
    const { body, contentType } = portal.framePost();
    for (const query of [
      'DOMAIN=a&DOMAIN=b',
      'DOMAIN[]=a',
      'DOMAIN[x]=a',
      `DOMAIN=${portal.domain}&DOMAIN=evil.example`,
    ]) {
      const page = await openFrame(client, { query, body, contentType });
      expect(page).toMatchObject({ status: 403, html: expect.stringContaining('B24_PORTAL_HOSTS') });
    }
  });

  it('keeps the administrator key and the tokens out of the page, Redis and the log', async () => {
    const family = portal.grantTokens();
    const { html } = await open({}, family);
    await fields();
    const redis = world.redis.client();
    const hash = JSON.stringify(await redis.hgetall(`b24:{${portal.memberId}}:grant`));
    redis.disconnect();
    const token = String(portal.requests.at(-1)?.token);
    const secrets = [adminKey, token, family.access_token, family.refresh_token, family.application_token];
    const leaks = secrets.filter((secret) => `${html}${hash}${world.logLines.join('')}`.includes(secret));
    expect(leaks).toEqual([]);
  });

  it('is opened by a POST only', async () => {
    expect(await new Browser().open(`${client.url}/bitrix24/install`)).toMatchObject({ status: 404 });
  });
});

describe("an app with a page that is opened from the portal's menu", () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;
  const open = (overrides?: Overrides, handler = '/oauth/callback') =>
    openFrame(client, portal.framePost(overrides), `${client.url}${handler}`);

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway();
    portal = await world.simulator.addPortal();
  });
  afterAll(() => world.stop());

  it('says that there is nothing to do, in a frame of that portal only, and where to connect it again', async () => {
    const page = await open();
    expect(page).toMatchObject({ status: 200, html: expect.stringContaining('works in the background') });
    expect(policyOf(page)).toMatchObject({ 'frame-ancestors': `http://${portal.domain}`, 'default-src': "'none'" });
    expect(page.headers.has('x-frame-options')).toBe(false);
    const [, again] = /<a [^>]*href="([^"]+)" target="_blank"/.exec(page.html) ?? [];
    const start = await new Browser().open(`${client.url}${again}`);
    expect(start.location).toMatch(new RegExp(`^http://${portal.domain}/oauth/authorize/`));
  });

  it('takes nothing of what was posted: who opens it need not be an administrator', async () => {
    const before = await memoryOf(world.redis);
    const asked = world.simulator.oauth.tokenRequests.length;
    await open();
    expect(await memoryOf(world.redis)).toEqual(before);
    expect(world.simulator.oauth.tokenRequests).toHaveLength(asked);
    expect(await client.get(`/v1/portals/${portal.memberId}`)).toMatchObject({ status: 404 });
  });

  it.each([
    ['a portal that is not allowed', { query: { DOMAIN: 'evil.example' } }, '/oauth/callback', 403],
    ['no portal', { query: { DOMAIN: undefined } }, '/oauth/callback', 403],
    ['an app that is not registered', {}, '/oauth/callback/a_0123456789abcdef', 404],
  ] satisfies [string, Overrides, string, number][])(
    'is a page also for %s',
    async (_what, overrides, path, status) => {
      expect(await open(overrides, path)).toMatchObject({ status, html: expect.stringContaining('<h1 class="bad">') });
    },
  );
});

function refreshing({ simulator }: World): boolean {
  return simulator.oauth.tokenRequests.at(-1)?.grantType === 'refresh_token';
}
