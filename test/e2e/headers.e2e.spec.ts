import { connect } from 'node:net';
import { once } from 'node:events';
import { Browser, policyOf } from '../support/browser';
import { adminKey, type HttpClient, World } from '../support/gateway';

const html = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const form = 'application/x-www-form-urlencoded';

describe('the headers of every answer', () => {
  let world: World;
  let client: HttpClient;

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway();
  });
  afterAll(() => world.stop());

  it.each([
    ['an answer', 'GET', '/v1/portals', {}],
    ['a page', 'GET', '/install', {}],
    ['the document', 'GET', '/openapi.json', {}],
    ['the reference', 'GET', '/docs', {}],
    ['metrics', 'GET', '/metrics', {}],
    ['a refusal of the key', 'GET', '/v1/portals', { Authorization: 'Bearer x' }],
    ['an unknown route', 'GET', '/nothing', {}],
    ['an unknown verb', 'PUT', '/v1/portals', {}],
    ['a URL that cannot be read', 'GET', '/v1/portals/%ff%zz', {}],
    ['a parameter too long', 'GET', `/v1/portals/${'x'.repeat(300)}`, {}],
    ['a body of the wrong type', 'POST', '/v1/portals', { 'Content-Type': 'text/plain' }],
    ['a body that is no JSON', 'POST', '/v1/portals', { 'Content-Type': 'application/json' }],
    ['a broken form', 'POST', '/bitrix24/events', { 'Content-Type': form }],
  ])('keep browsers from guessing, framing and telling (%s)', async (_what, method, path, headers) => {
    const response = await fetch(`${client.url}${path}`, {
      method,
      headers: { Authorization: `Bearer ${adminKey}`, ...headers },
      ...(method === 'POST' && { body: '__proto__[x' }),
    });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'x-frame-options': expect.stringMatching(/^(SAMEORIGIN|DENY)$/),
      'content-security-policy': expect.stringMatching(/default-src '(self|none)'/),
      'x-request-id': expect.any(String),
    });
    expect(response.headers.has('server')).toBe(false);
    expect(response.headers.has('x-powered-by')).toBe(false);
  });

  it('are there as well when what came is not even HTTP', async () => {
    const socket = connect(Number(new URL(client.url).port), '127.0.0.1');
    const answered = once(socket, 'data') as Promise<[Buffer]>;
    socket.write('NONSENSE\r\n\r\n');
    const [answer] = await answered;
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 400 [^]*X-Content-Type-Options: nosniff\r\n/);
    expect(answer.toString()).toContain("Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n");
    socket.destroy();
  });

  it.each([
    ['an expectation that nobody knows', 'Host: x\r\nExpect: miracles\r\n', 200],
    ['no host', '', 400],
  ])('are there as well where Node would answer by itself (%s)', async (_what, more, status) => {
    const socket = connect(Number(new URL(client.url).port), '127.0.0.1');
    const answered = once(socket, 'data') as Promise<[Buffer]>;
    socket.write(`GET /health/live HTTP/1.1\r\n${more}\r\n`);
    const [answer] = await answered;
    expect(answer.toString()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*x-request-id: `, 'i'));
    socket.destroy();
  });

  it('promise HTTPS where the gateway is reached by it', async () => {
    const https = await world.gateway({ PUBLIC_URL: 'https://gw.example.com' });
    const [secure, plain] = await Promise.all([https, client].map((it) => it.get('/health/live')));
    expect(secure?.headers.get('strict-transport-security')).toMatch(/max-age=\d{7,}/);
    expect(plain?.headers.has('strict-transport-security')).toBe(false);
  });

  it('keep answers of the API out of every cache', async () => {
    for (const path of ['/v1/portals', '/v1/clients', '/v1/nothing'])
      expect((await client.get(path)).headers.get('cache-control')).toBe('no-store');
  });

  describe('of another origin', () => {
    const ask = (origin: string, method = 'GET', at = client) =>
      fetch(`${at.url}/v1/portals`, {
        method,
        headers: { Origin: origin, Authorization: `Bearer ${adminKey}`, 'Access-Control-Request-Method': 'GET' },
      });
    const corsOf = ({ headers }: Response) => [...headers.keys()].filter((it) => it.startsWith('access-control-'));

    it('say nothing unless the operator allowed one', async () => {
      expect(corsOf(await ask('https://app.example.com'))).toEqual([]);
      expect(corsOf(await ask('https://app.example.com', 'OPTIONS'))).toEqual([]);
    });

    it('allow what CORS_ORIGINS names, without cookies, and nothing else', async () => {
      const open = await world.gateway({ CORS_ORIGINS: 'https://app.example.com' });
      const allowed = await ask('https://app.example.com', 'GET', open);
      expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.example.com');
      expect(allowed.headers.get('access-control-expose-headers')).toContain('Retry-After');
      expect(allowed.headers.has('access-control-allow-credentials')).toBe(false);
      const preflight = await ask('https://app.example.com', 'OPTIONS', open);
      expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([
        204,
        'https://app.example.com',
      ]);
      expect(preflight.headers.get('access-control-allow-methods')).toContain('PATCH');
      for (const origin of [
        'https://evil.example',
        'https://app.example.com.evil.example',
        'null',
        'http://app.example.com',
      ])
        expect((await ask(origin, 'GET', open)).headers.has('access-control-allow-origin')).toBe(false);
    });
  });

  describe('of a page that is refused before its controller', () => {
    const post = (headers: Record<string, string>, body: string, query = '') =>
      new Browser().open(`${client.url}/bitrix24/install${query}`, { method: 'POST', headers, body });

    it('is a page for whoever looks at it in a browser', async () => {
      for (const [type, body, status] of [
        [form, '__proto__[x]=1', 400],
        [form, `a=${'x'.repeat(70_000)}`, 413],
        ['text/plain', 'x', 415],
      ] as const) {
        const page = await post({ ...html, 'Content-Type': type }, body);
        expect([page.status, page.headers.get('content-type')]).toEqual([status, 'text/html; charset=utf-8']);
        expect(page.html).toContain('<h1 class="bad">');
        expect(policyOf(page)['frame-ancestors']).toBe("'none'");
      }
    });

    it('may be framed by the allowed portal that it names, and by nobody else', async () => {
      const portal = await world.simulator.addPortal();
      const framed = (domain: string) => post({ ...html, 'Content-Type': 'text/plain' }, 'x', `?DOMAIN=${domain}`);
      const page = await framed(portal.domain);
      expect(policyOf(page)['frame-ancestors']).toBe(`http://${portal.domain}`);
      expect(page.headers.has('x-frame-options')).toBe(false);
      for (const domain of ['evil.example', `${portal.domain}&DOMAIN=evil.example`, '*', 'x;script-src%20*']) {
        const foreign = await framed(domain);
        expect(policyOf(foreign)).toMatchObject({ 'default-src': "'none'", 'frame-ancestors': "'none'" });
        expect(foreign.headers.get('x-frame-options')).toBe('SAMEORIGIN');
      }
    });

    it('is a problem for whoever is no browser, and everywhere else', async () => {
      const page = await post({ 'Content-Type': 'text/plain' }, 'x');
      expect(page.headers.get('content-type')).toContain('application/problem+json');
      const elsewhere = await new Browser().open(`${client.url}/v1/portals`, { headers: html });
      expect(elsewhere.headers.get('content-type')).toContain('application/problem+json');
    });
  });
});
