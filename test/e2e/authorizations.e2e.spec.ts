import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { Attacker } from '../support/attacker';
import { Browser, type BrowserPage, policyOf, rawGet } from '../support/browser';
import { type HttpClient, World } from '../support/gateway';
import { memoryOf } from '../support/redis-memory';

describe('a portal connected by an authorization code', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;
  const fieldsOf = (it: SimulatedPortal) => client.get(`/v1/portals/${it.memberId}/backlogs/fields`);
  const stateKeys = async () => {
    const redis = world.redis.client();
    const names = await redis.keys('b24:state:*');
    const lives = await Promise.all(names.map((name) => redis.pttl(name)));
    return { redis, names, lives };
  };
  const refused = async (open: () => Promise<BrowserPage>, status: number, words: string) => {
    const before = await memoryOf(world.redis);
    const page = await open();
    expect(page).toMatchObject({ status, html: expect.stringContaining(words) });
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await memoryOf(world.redis)).toEqual(before);
    return page;
  };
  const notStartedHere = 'The authorization was not started in this browser';

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway();
  });
  beforeEach(async () => {
    portal = await world.simulator.addPortal({ burst: 1000, drainPerSecond: 100 });
    await world.knownForLong(portal.memberId);
  });
  afterAll(() => world.stop());

  it('goes to the portal with client_id and state only, comes back, and can be called', async () => {
    const browser = new Browser();
    const start = await browser.open(`${client.url}/install?portal=${portal.domain}`);
    const authorize = new URL(start.location);
    expect(start.status).toBe(302);
    expect(`${authorize.origin}${authorize.pathname}`).toBe(`http://${portal.domain}/oauth/authorize/`);
    expect([...authorize.searchParams.keys()].sort()).toEqual(['client_id', 'state']);
    expect(authorize.searchParams.get('client_id')).toBe(world.simulator.clientId);
    expect(start.headers.get('set-cookie')).toMatch(
      /^b24_install=[\w-]{43}\.[\w-]{43}; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/i,
    );
    const allowed = await browser.open(authorize, { method: 'POST' });
    const end = await browser.open(allowed.location);
    expect(end).toMatchObject({ status: 200, html: expect.stringContaining('The portal is connected') });
    expect(end.html).toContain(portal.domain);
    expect(await fieldsOf(portal)).toMatchObject({ status: 200 });
    expect(await client.get(`/v1/portals/${portal.domain}`)).toMatchObject({ body: { status: 'active', kind: 'app' } });
  });

  it('is finished by any replica, whichever began it', async () => {
    const browser = new Browser();
    const back = await browser.allow(client, portal);
    const other = await world.gateway();
    const end = await browser.open(`${other.url}${back.pathname}${back.search}`);
    expect(end).toMatchObject({ status: 200, html: expect.stringContaining('The portal is connected') });
    expect(await fieldsOf(portal)).toMatchObject({ status: 200 });
  });

  it('keeps app secret, code and tokens out of every URL, Redis and the log', async () => {
    const browser = new Browser();
    const back = await browser.allow(client, portal);
    const { html } = await browser.open(back);
    const { grantType, secretInUrl, httpMethod } = world.simulator.oauth.tokenRequests.at(-1) ?? {};
    expect({ grantType, secretInUrl, httpMethod }).toEqual({
      grantType: 'authorization_code',
      secretInUrl: false,
      httpMethod: 'POST',
    });
    await fieldsOf(portal);
    const token = String(portal.requests.at(-1)?.token);
    const secrets = [String(back.searchParams.get('code')), token, world.simulator.clientSecret];
    const redis = world.redis.client();
    const hash = JSON.stringify(await redis.hgetall(`b24:{${portal.memberId}}:grant`));
    redis.disconnect();
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(20);
      expect([html, hash, world.logLines.join('')].filter((text) => text.includes(secret))).toEqual([]);
    }
  });

  it('refuses a state that was made up, changed or signed for another nonce, and the real one still works', async () => {
    const browser = new Browser();
    const back = await browser.allow(client, portal);
    const [nonce = '', signed = ''] = String(back.searchParams.get('state')).split('.');
    const other = String((await browser.allow(client, portal)).searchParams.get('state')).split('.');
    const forgeries = [
      'x',
      '.',
      nonce,
      `${nonce}.`,
      `.${signed}`,
      `${nonce}.${signed}x`,
      `${nonce}.${signed}.x`,
      `${nonce}.${other[1]}`,
    ];
    for (const state of [...forgeries, `${nonce}|x.${signed}`, '__proto__.constructor', 'a'.repeat(4000)]) {
      const forged = new URL(back);
      forged.searchParams.set('state', state);
      await refused(() => browser.open(forged), 403, notStartedHere);
    }
    expect(await browser.open(back)).toMatchObject({ status: 200 });
  });

  it('refuses a state a second time', async () => {
    const browser = new Browser();
    const back = await browser.allow(client, portal);
    await browser.open(back);
    await refused(() => browser.open(back), 403, notStartedHere);
    expect(await fieldsOf(portal)).toMatchObject({ status: 200 });
  });

  it('refuses a state from a browser that did not begin, and leaves it to the one that did', async () => {
    const browser = new Browser();
    const back = await browser.allow(client, portal);
    const victim = new Browser();
    await refused(() => victim.open(back), 403, notStartedHere);
    await victim.allow(client, portal);
    await refused(() => victim.open(back), 403, notStartedHere);
    const strange = { headers: { cookie: 'b24_install=; b24_install=x; b24_install=%zz' } };
    await refused(() => new Browser().open(back, strange), 403, notStartedHere);
    expect(await browser.open(back)).toMatchObject({ status: 200 });
  });

  it("takes no browser's own value for its cookie: it makes one of its own", async () => {
    const own = 'a'.repeat(43);
    for (const value of [own, `${own}.${own}`]) {
      const headers = { cookie: `b24_install=${value}` };
      const { headers: answered } = await new Browser().open(`${client.url}/install?portal=${portal.domain}`, {
        headers,
      });
      expect(answered.get('set-cookie')).not.toContain(own);
    }
    const browser = new Browser();
    const first = await browser.open(`${client.url}/install?portal=${portal.domain}`);
    const again = await browser.open(`${client.url}/install?portal=${portal.domain}`);
    expect(again.headers.get('set-cookie')).toBe(first.headers.get('set-cookie'));
  });

  it('refuses a state after its ten minutes', async () => {
    const browser = new Browser();
    const back = await browser.allow(client, portal);
    const { redis, names, lives } = await stateKeys();
    expect(lives.every((ms) => ms > 0 && ms <= 600_000)).toBe(true);
    await redis.del(...names);
    redis.disconnect();
    await refused(() => browser.open(back), 403, notStartedHere);
  });

  it('refuses a code that was used, is older than 30 seconds or belongs to another app', async () => {
    const browser = new Browser();
    const first = await browser.allow(client, portal);
    await browser.open(first);
    const withCode = async (code: string | null) => {
      const back = await browser.allow(client, portal);
      back.searchParams.set('code', code ?? '');
      return () => browser.open(back);
    };
    await refused(await withCode(first.searchParams.get('code')), 403, 'could not be verified');
    const late = await browser.allow(client, portal);
    world.simulator.clock.advance(31_000);
    await refused(() => browser.open(late), 403, 'could not be verified');
    const local = await world.simulator.addPortal({ clientId: 'local.other', clientSecret: 'another secret' });
    const foreign = world.simulator.ledger.issueCode(local.memberId, 'local.other', 1);
    await refused(await withCode(foreign), 403, 'could not be verified');
    expect(await fieldsOf(portal)).toMatchObject({ status: 200 });
  });

  it.each(['?', '?code=', '?state=', '?code=x', '?code=&state=x', '?code=a&code=b&state=x', '?code=x&state=a&state=b'])(
    'answers a callback without one code and one state with a page (%s)',
    async (query) => {
      const { names, redis } = await stateKeys();
      await refused(() => new Browser().open(`${client.url}/oauth/callback${query}`), 403, 'Start again');
      expect(await redis.keys('b24:state:*')).toHaveLength(names.length);
      redis.disconnect();
    },
  );

  it('answers an error in the callback with a page and no error of its own', async () => {
    const back = '/oauth/callback?code=x&state=y&error=server_error&error_description=%3Cb%3Ehello&error=again';
    const page = await refused(() => new Browser().open(`${client.url}${back}`), 403, notStartedHere);
    expect(page.html).not.toContain('hello');
    expect(world.logLines.filter((line) => line.includes('internal error'))).toEqual([]);
  });

  it('asks no authorization server but its own, whatever the callback says', async () => {
    const attacker = await Attacker.listen();
    const browser = new Browser();
    const back = await browser.allow(client, portal);
    back.searchParams.set('server_domain', attacker.host);
    back.searchParams.append('server_domain', `http://${attacker.host}/rest/`);
    back.searchParams.set('domain', attacker.host);
    expect(await browser.open(back)).toMatchObject({ status: 200 });
    expect(await client.get(`/v1/portals/${portal.memberId}`)).toMatchObject({ body: { domain: portal.domain } });
    await attacker.stop();
    expect(attacker.asked).toEqual([]);
  });

  it('says which permission is missing', async () => {
    const other = await World.start({ scope: ['user', '<img>'] });
    const there = await other.gateway();
    const browser = new Browser();
    const back = await browser.allow(there, await other.simulator.addPortal());
    const { html } = await browser.open(back);
    await other.stop();
    expect(html).toContain('lacks the permission “task”');
    expect(html).not.toContain('<img>');
  });

  it('tells a person what to do when the authorization server is away, and changes nothing', async () => {
    world.simulator.oauth.faults.next('html', { method: 'authorization_code', times: 3 });
    const browser = new Browser();
    const back = await browser.allow(client, portal);
    const page = await refused(() => browser.open(back), 502, 'The authorization server failed');
    expect(page.html).toContain('href="/install"');
  });

  it('refuses to keep a portal whose host is not allowed, although the authorization server names it', async () => {
    const strict = await world.gateway({ B24_PORTAL_HOSTS: '127.0.0.1/32:*' });
    const browser = new Browser();
    const back = await browser.allow(strict, portal);
    world.simulator.oauth.faults.next('foreign-endpoint', { method: 'authorization_code' });
    await refused(() => browser.open(back), 403, 'not among B24_PORTAL_HOSTS');
  });

  it.each([
    'evil.example',
    '10.0.0.1',
    'a@evil.example',
    '127.0.0.1@evil.example',
    'evil.example#127.0.0.1',
    'evil.example?127.0.0.1',
    'evil.example\\127.0.0.1',
    '127.0.0.1\\@evil.example',
    'javascript:alert(1)',
    'http://http://127.0.0.1',
    '127.0.0.1;script-src *',
    '[::1',
    '%31%30.0.0.1',
    ' ',
    '',
    'x'.repeat(5000),
  ])('does not send a browser to a host that is not allowed (%#)', async (given) => {
    const { names, redis } = await stateKeys();
    const address = `${client.url}/install?portal=${encodeURIComponent(given)}`;
    const page = await refused(() => new Browser().open(address), 400, 'not the address of a Bitrix24 portal');
    expect(page.location).toBe('');
    expect(await redis.keys('b24:state:*')).toHaveLength(names.length);
    redis.disconnect();
  });

  it.each(['HTTP://%s/', 'https://%s/company/personal/?a=1', '  %s  ', '%s/'])(
    'takes the address as a person copies it (%s)',
    async (form) => {
      const given = encodeURIComponent(form.replace('%s', portal.domain));
      const { location } = await new Browser().open(`${client.url}/install?portal=${given}`);
      expect(location).toMatch(`http://${portal.domain}/oauth/authorize/`);
    },
  );

  it('takes no notice of the Host and forwarding headers', async () => {
    const headers = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      forwarded: 'host=evil.example',
    };
    const { location, setCookie } = await rawGet(`${client.url}/install?portal=${portal.domain}`, headers);
    expect(new URL(location).host).toBe(portal.domain);
    expect(location + setCookie).not.toContain('evil');
  });

  it('marks its cookie for https and this host only where it is reached by https', async () => {
    const secure = await world.gateway({ PUBLIC_URL: 'https://gateway.example' });
    const { headers } = await new Browser().open(`${secure.url}/install?portal=${portal.domain}`);
    expect(headers.get('set-cookie')).toMatch(/^__Host-b24_install=[^;]+; Max-Age=600; Path=\/; HttpOnly; Secure; /i);
  });

  it('shows every page without frames, foreign sources or a cache, and lets nothing given become HTML', async () => {
    const html = `"'><script>alert(1)</script><img src=x onerror=alert(1)>`;
    const words = [
      'portal',
      'code',
      'state',
      'domain',
      'member_id',
      'scope',
      'server_domain',
      'error',
      'error_description',
      'error_uri',
    ];
    const query = new URLSearchParams(words.map((word): [string, string] => [word, html])).toString();
    const headers = { 'x-request-id': html.replace(/[^ -~]/g, '') };
    for (const path of ['/install', `/install?${query}`, '/oauth/callback', `/oauth/callback?${query}`]) {
      const page = await new Browser().open(`${client.url}${path}`, { headers });
      expect(page.headers.get('cache-control')).toBe('no-store');
      expect(page.headers.get('x-frame-options')).toBe('SAMEORIGIN');
      expect(page.headers.get('referrer-policy')).toBe('no-referrer');
      expect(policyOf(page)).toMatchObject({
        'default-src': "'none'",
        'frame-ancestors': "'none'",
        'base-uri': "'none'",
      });
      expect(page.html).not.toMatch(/<script|<img|"'>/);
    }
  });
});
