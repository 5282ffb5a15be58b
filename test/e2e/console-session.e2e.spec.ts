import { createHash } from 'node:crypto';
import { HttpClient, adminKey, eventually, World } from '../support/gateway';
import { HandClock } from '../support/hand-clock';

/** A browser's page of the console, as its requests look from outside. */
class ConsoleBrowser {
  cookie: string | undefined;
  setCookie = '';

  constructor(
    readonly url: string,
    readonly own: Record<string, string> = { 'X-Console': '1', 'Sec-Fetch-Site': 'same-origin' },
  ) {}

  async ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...this.own,
        ...(this.cookie && { Cookie: this.cookie }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const [line] = response.headers.getSetCookie();
    if (line !== undefined) {
      this.setCookie = line;
      this.cookie = line.split(';')[0];
    }
    const text = await response.text();
    const reported = text === '' ? undefined : (JSON.parse(text) as { code?: string; name?: string });
    return { status: response.status, code: reported?.code, body: reported };
  }

  signIn(key = adminKey) {
    return this.ask('POST', '/console/session', { key });
  }

  /** Whether the API takes the cookie in place of a key. */
  async enters(headers: Record<string, string> = {}): Promise<string> {
    const { status, code } = await this.ask('GET', '/v1/clients', undefined, headers);
    return code ?? `${status}`;
  }
}

describe('a session of the console', () => {
  let world: World;
  let client: HttpClient;
  let browser: ConsoleBrowser;

  const key = async (scopes: string[], more = {}) =>
    (await client.call<{ id: string; key: string }>('POST', '/v1/clients', { name: 'ops', scopes, ...more })).body;

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway();
  });
  beforeEach(() => (browser = new ConsoleBrowser(client.url)));
  afterAll(() => world.stop());

  it('begins with an administrator’s key, and stands for it in the API', async () => {
    expect(await browser.signIn()).toMatchObject({ status: 200, body: { name: 'Administrator' } });
    expect(await browser.enters()).toBe('200');
    const ops = new ConsoleBrowser(client.url);
    const made = await key(['admin']);
    expect(await ops.signIn(made.key)).toMatchObject({ status: 200, body: { name: 'ops', id: made.id } });
    expect(await ops.enters()).toBe('200');
  });

  it('begins with no other key, and wrong ones are throttled as everywhere', async () => {
    expect(await browser.signIn((await key(['backlog:read'])).key)).toMatchObject({ status: 403, code: 'not_allowed' });
    const other = await world.gateway({}, new HandClock());
    const knocks = [];
    for (let i = 0; i < 31; i++) knocks.push((await new ConsoleBrowser(other.url).signIn(`wrong${i}`)).code);
    expect(knocks).toEqual([...Array.from({ length: 30 }, () => 'key_invalid'), 'too_many_attempts']);
    expect(browser.cookie).toBeUndefined();
  });

  it('is a cookie that no script reads, no other site sends, and HTTPS keeps to this host', async () => {
    await browser.signIn();
    expect(browser.setCookie).toMatch(/^b24_console(?:_\d+)?=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    const https = new ConsoleBrowser((await world.gateway({ PUBLIC_URL: 'https://gw.example.com' })).url);
    await https.signIn();
    expect(https.setCookie).toMatch(/^__Host-b24_console=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
  });

  it('is another cookie at another port of this machine', async () => {
    const names = await Promise.all(
      ['http://127.0.0.1:3100', 'http://127.0.0.1:3200'].map(async (PUBLIC_URL) => {
        const other = new ConsoleBrowser((await world.gateway({ PUBLIC_URL })).url);
        await other.signIn();
        return other.setCookie?.split('=')[0];
      }),
    );
    expect(names).toEqual(['b24_console_3100', 'b24_console_3200']);
  });

  it.each([
    ['without the header of our own pages', { 'X-Console': '' }],
    ['from a page of another site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['from a page of a sister site', { 'Sec-Fetch-Site': 'same-site' }],
    ['typed into the address bar', { 'Sec-Fetch-Site': 'none' }],
    ['from another origin', { Origin: 'https://evil.example' }],
    ['from an origin that hides', { Origin: 'null' }],
    ['from another port of this host', { Origin: 'http://127.0.0.1:1' }],
  ])('is not looked at %s', async (_how, headers) => {
    await browser.signIn();
    expect(await browser.enters({ Origin: client.url })).toBe('200');
    expect(await browser.enters(headers)).toBe('key_missing');
    const write = await browser.ask('POST', '/v1/clients', { name: 'x', scopes: ['admin'] }, headers);
    expect(write.code).toBe('key_missing');
    expect((await browser.ask('DELETE', '/console/session', undefined, headers)).code).toBe('not_allowed');
    expect((await browser.ask('GET', '/console/live', undefined, headers)).code).toBe('key_missing');
    expect(await browser.enters()).toBe('200');
  });

  it('is not begun, used or ended by a form of another site', async () => {
    await browser.signIn();
    for (const path of ['/console/session', '/v1/clients', `/v1/portals`]) {
      const response = await fetch(`${client.url}${path}`, {
        method: 'POST',
        headers: {
          Cookie: browser.cookie ?? '',
          Origin: 'https://evil.example',
          'Content-Type': 'application/x-www-form-urlencoded',
        },
        body: `key=${adminKey}`,
      });
      expect([path, response.status >= 400, response.headers.getSetCookie()]).toEqual([path, true, []]);
    }
    expect(await browser.enters()).toBe('200');
  });

  it('is over when it was signed out, for whoever kept the cookie', async () => {
    await browser.signIn();
    const thief = new ConsoleBrowser(client.url);
    thief.cookie = browser.cookie;
    expect(await thief.enters()).toBe('200');
    expect((await browser.ask('DELETE', '/console/session')).status).toBe(200);
    expect(browser.setCookie).toContain('Max-Age=0');
    expect(await thief.enters()).toBe('session_ended');
  });

  it('is over with its key: deleted, replaced or expired', async () => {
    const [deleted, replaced, expired] = [await key(['admin']), await key(['admin']), await key(['admin'])];
    const browsers = await Promise.all(
      [deleted, replaced, expired].map(async (made) => {
        const it = new ConsoleBrowser(client.url);
        await it.signIn(made.key);
        return it;
      }),
    );
    expect(await Promise.all(browsers.map((it) => it.enters()))).toEqual(['200', '200', '200']);
    await client.call('DELETE', `/v1/clients/${deleted.id}`);
    await client.call('POST', `/v1/clients/${replaced.id}/rotate`, {});
    const redis = world.redis.client();
    const place = `b24:client:${createHash('sha256').update(expired.key).digest('hex')}`;
    await redis.set(place, JSON.stringify({ ...JSON.parse((await redis.get(place)) ?? ''), expiresAtMs: 1 }));
    redis.disconnect();
    const outcomes = await Promise.all(browsers.map((it) => it.enters()));
    expect(outcomes).toEqual(['session_ended', 'session_ended', 'key_expired']);
  });

  it('has an id that nobody can choose before, and ends the one that the browser came with', async () => {
    const planted = 'x'.repeat(43);
    await browser.signIn();
    browser.cookie = `${browser.cookie?.split('=')[0]}=${planted}`;
    await browser.signIn();
    expect(browser.cookie).not.toContain(planted);
    const first = browser.cookie;
    await browser.signIn();
    const old = new ConsoleBrowser(client.url);
    old.cookie = first;
    expect([await old.enters(), await browser.enters()]).toEqual(['session_ended', '200']);
  });

  it('leaves neither itself nor the key in Redis, nor anything the key could be guessed by', async () => {
    await browser.signIn();
    const redis = world.redis.client();
    const id = browser.cookie?.split('=')[1] ?? '';
    const place = `b24:console:${createHash('sha256').update(id).digest('hex')}`;
    const kept = (await redis.get(place)) ?? '';
    expect(Object.keys(JSON.parse(kept) as object)).toEqual(['client', 'name', 'source', 'mask', 'beganAtMs']);
    const digest = createHash('sha256').update(adminKey).digest();
    for (const secret of [id, adminKey, digest.toString('hex'), digest.toString('base64')])
      expect(kept).not.toContain(secret);
    redis.disconnect();
  });

  it('ends an hour after its last use, and in any case after twelve', async () => {
    const clock = new HandClock(Date.now());
    const steady = await world.gateway({}, clock);
    browser = new ConsoleBrowser(steady.url);
    await browser.signIn();
    const redis = world.redis.client();
    const id = browser.cookie?.split('=')[1] ?? '';
    const place = `b24:console:${createHash('sha256').update(id).digest('hex')}`;
    await redis.pexpire(place, 60_000);
    expect(await browser.enters()).toBe('200');
    expect(await redis.pttl(place)).toBeGreaterThan(3_500_000);
    await clock.advance(11.5 * 3_600_000);
    expect(await browser.enters()).toBe('200');
    expect(await redis.pttl(place)).toBeLessThanOrEqual(1_800_000);
    await clock.advance(0.5 * 3_600_000);
    expect(await browser.enters()).toBe('session_ended');
    expect(await redis.exists(place)).toBe(0);
    redis.disconnect();
  });

  it('is reported in the audit log, with what was written through it', async () => {
    await browser.signIn();
    await browser.ask('POST', '/v1/clients', { name: 'made here', scopes: ['call'] });
    await eventually(async () => {
      const { body } = await client.get<{ items: { action: string; ids?: object }[] }>('/v1/audit?limit=2');
      const [made, signIn] = body.items;
      return made?.action === 'createClient' && 'console' in (made.ids ?? {}) && signIn?.action === 'signIn';
    });
  });

  describe('that watches', () => {
    /** The stream's text, and a promise of its end. */
    const watch = async (query = '') => {
      const response = await fetch(`${browser.url}/console/live${query}`, {
        headers: { ...browser.own, Cookie: browser.cookie ?? '' },
      });
      const stream = { type: response.headers.get('content-type'), text: '', ends: Promise.resolve() };
      stream.ends = (async () => {
        for await (const chunk of response.body ?? []) stream.text += Buffer.from(chunk as Uint8Array).toString();
      })();
      return stream;
    };
    const lastOf = ({ text }: { text: string }) =>
      JSON.parse(text.trim().split('\n\n').at(-1)?.slice('data: '.length) ?? '{}') as {
        replicas: string[];
        portals?: Record<string, { calls?: { ok: number; failed: number } }>;
        close?: { problems?: { code: string; requests: { id: string }[] }[]; level: { capacity: number } };
      };

    it('sees what the calls of all replicas come to, and their problems', async () => {
      const other = await world.gateway();
      const portal = await world.installed(client, { groups: [125], backlogs: [] });
      browser = new ConsoleBrowser(client.url);
      await browser.signIn();
      const stream = await watch(`?portal=${portal.memberId}`);
      expect(stream.type).toBe('text/event-stream');
      const asked = [client, other].map((at) => ({ at, ids: new Set<string>() }));
      const seen = new Set<string>();
      await eventually(async () => {
        for (const { at, ids } of asked) {
          const { headers } = await at.get(`/v1/portals/${portal.memberId}/groups/999/backlog`);
          ids.add(headers.get('x-request-id') ?? '');
        }
        const { close, portals } = lastOf(stream);
        for (const { requests } of close?.problems ?? []) for (const { id } of requests) seen.add(id);
        const failed = portals?.[portal.memberId]?.calls?.failed ?? 0;
        return failed >= 2 && asked.every(({ ids }) => [...ids].some((id) => seen.has(id)));
      });
      const { close } = lastOf(stream);
      expect([close?.level.capacity, close?.problems?.[0]?.code]).toEqual([46, 'backlog_not_found']);
    });

    it('is sent away when it ends', async () => {
      await browser.signIn();
      const stream = await watch();
      await eventually(() => stream.text.includes('data:'));
      await new ConsoleBrowser(browser.url, { ...browser.own, Cookie: browser.cookie ?? '' }).ask(
        'DELETE',
        '/console/session',
      );
      await stream.ends;
    });

    it('does not hold up the end of a replica', async () => {
      const leaving = await world.gateway();
      const last = world.newest;
      browser = new ConsoleBrowser(leaving.url);
      await browser.signIn();
      const stream = await watch();
      await eventually(() => stream.text.includes('data:'));
      await Promise.all([last.close(), stream.ends]);
    });
  });

  it('is not there where the operator wants no console', async () => {
    const bare = await world.gateway({ CONSOLE: 'false' });
    for (const path of ['/console', '/console/session', '/console/live'])
      expect((await new ConsoleBrowser(bare.url).ask('GET', path)).code).toBe('route_not_found');
  });
});
