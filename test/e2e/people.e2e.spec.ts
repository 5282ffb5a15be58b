import { eventually, HttpClient, adminKey, World } from '../support/gateway';
import { TestIdentityProvider } from '../support/identity-provider';
import { SignInBrowser } from '../support/sign-in-browser';

const publicUrl = 'https://gw.example.com';
const ada = { sub: 'ada', name: 'Ada Lovelace', email: 'ada@example.com', email_verified: true };
const inGroup = (group: string, sub = group) => ({ sub, name: sub, groups: [group, 'staff'] });
const sessionName = '__Host-b24_console';

interface ListedEntry {
  readonly actor: string;
  readonly name: string;
  readonly action: string;
  readonly outcome: string;
  readonly ids: Record<string, unknown>;
}

describe('a person at the console', () => {
  let world: World;
  let provider: TestIdentityProvider;
  let client: HttpClient;
  let browser: SignInBrowser;

  const another = (at: HttpClient = client) => new SignInBrowser(at.url, publicUrl);
  const as = async (claims: Readonly<Record<string, unknown>>, at = client) => {
    await provider.set({ claims });
    const it = another(at);
    await it.signIn();
    return it;
  };
  const entries = async (query: string) =>
    (await client.get<{ items: ListedEntry[] }>(`/v1/audit?${query}`)).body.items;

  beforeAll(async () => {
    [world, provider] = await Promise.all([World.start(), TestIdentityProvider.start(publicUrl)]);
    client = await world.gateway({ PUBLIC_URL: publicUrl, ...provider.environment });
  });
  beforeEach(async () => {
    await provider.set({ claims: ada, replaced: {}, signedByOther: false, isDown: false });
    browser = another();
  });
  afterAll(async () => {
    await provider.stop();
    await world.stop();
  });

  it.each([
    ['gw-viewers', 'viewer'],
    ['gw-operators', 'operator'],
    ['gw-admins', 'admin'],
  ])('signs in through the provider and has the role of the group %s', async (group, role) => {
    await provider.set({ claims: inGroup(group) });
    expect(await browser.signIn('/console/audit?action=signIn')).toBe('/console/audit?action=signIn');
    expect(await browser.role()).toBe(role);
    expect((await browser.ask('GET', '/v1/audit')).status).toBe(200);
  });

  it('has the highest role of a verified e-mail address or a group, and none by an unverified one', async () => {
    await provider.set({ claims: { ...ada, groups: ['gw-viewers'] } });
    await browser.signIn();
    expect(await browser.role()).toBe('admin');
    await provider.set({ claims: { ...ada, sub: 'eve', email_verified: false } });
    expect(await another().signIn()).toBe('/console?problem=not_allowed');
  });

  it('gets no session without a role, and the audit log says who tried', async () => {
    await provider.set({ claims: { ...ada, sub: 'bob', email: 'bob@example.com', groups: ['ada@example.com'] } });
    expect(await browser.signIn()).toBe('/console?problem=not_allowed');
    expect(await browser.role()).toBe('key_missing');
    expect(browser.setCookies.filter((it) => it.startsWith(`${sessionName}=`) && !it.includes('Max-Age=0'))).toEqual(
      [],
    );
    await eventually(async () => {
      const [entry] = await entries('action=signIn&outcome=not_allowed');
      return entry?.name === 'Ada Lovelace (bob@example.com)' && entry.actor.startsWith('p_');
    });
  });

  it('stands in the audit log by name, subject and role with everything that it does', async () => {
    await browser.signIn();
    await browser.ask('POST', '/v1/clients', { name: 'made by Ada', scopes: ['call'] });
    await browser.ask('DELETE', '/console/session');
    await eventually(async () => {
      const [out, made, into] = await entries('limit=3');
      if (out?.action !== 'signOut') return false;
      expect(new Set([out.actor, made?.actor, into?.actor]).size).toBe(1);
      expect([made?.action, made?.name]).toEqual(['createClient', 'Ada Lovelace (ada@example.com)']);
      expect(made?.ids).toMatchObject({ console: true, role: 'admin' });
      expect([into?.action, into?.ids]).toEqual(['signIn', { console: true, role: 'admin', sub: 'ada' }]);
      return true;
    });
  });

  describe('is refused when the ID token', () => {
    it.each([
      ['is for another client', { replaced: { aud: 'another-client' } }],
      ['has expired', { replaced: { iat: 1_700_000_000, exp: 1_700_000_300 } }],
      ['has the nonce of another sign-in', { replaced: { nonce: 'x'.repeat(43) } }],
      ['is from another issuer', { replaced: { iss: 'https://evil.example' } }],
      ['is signed with another key', { signedByOther: true }],
      ['is larger than half a megabyte', { replaced: { name: 'x'.repeat(600_000) } }],
    ])('%s', async (_what, state) => {
      await provider.set(state);
      expect(await browser.signIn()).toMatch(/^\/console\?problem=(?:sign_in_refused|identity_provider_error)$/);
      expect(await browser.role()).toBe('key_missing');
      await provider.set({ replaced: {}, signedByOther: false });
      expect(await browser.signIn()).toBe('/console');
    });
  });

  it('is refused when the answer claims to be from another issuer', async () => {
    const back = await browser.authorized();
    back.searchParams.set('iss', 'https://evil.example');
    expect(await browser.comeBack(back)).toBe('/console?problem=sign_in_refused');
  });

  it('is refused when the provider reports an error', async () => {
    const back = await browser.authorized();
    back.searchParams.delete('code');
    back.searchParams.set('error', 'access_denied');
    expect(await browser.comeBack(back)).toBe('/console?problem=sign_in_refused');
  });

  it('comes back once only, and in the browser that began only', async () => {
    const back = await browser.authorized();
    const other = another();
    expect(await other.comeBack(back)).toBe('/console?problem=state_invalid');
    await other.authorized();
    expect(await other.comeBack(back)).toBe('/console?problem=state_invalid');
    expect(await other.role()).toBe('key_missing');
    expect(await browser.comeBack(back)).toBe('/console');
    expect(await browser.comeBack(back)).toBe('/console?problem=state_invalid');
  });

  it('can’t be signed in as somebody else by a link: neither with a code nor with a forged state', async () => {
    const attacker = another();
    const planted = await attacker.authorized();
    const ours = await browser.authorized();
    ours.searchParams.set('code', planted.searchParams.get('code') ?? '');
    expect(await browser.comeBack(ours)).toBe('/console?problem=sign_in_refused');
    planted.searchParams.set('state', `${'x'.repeat(32)}.${'y'.repeat(43)}`);
    expect(await browser.comeBack(planted)).toBe('/console?problem=state_invalid');
    expect(await browser.role()).toBe('key_missing');
  });

  it('begins only on the console’s own page', async () => {
    const foreign = await browser.ask('POST', '/console/sign-in', {}, { 'Sec-Fetch-Site': 'cross-site' });
    expect(foreign.code).toBe('not_allowed');
    expect((await browser.ask('POST', '/console/sign-in', {}, { 'X-Console': '' })).code).toBe('not_allowed');
    expect(browser.setCookies).toEqual([]);
  });

  it.each([
    ['https://evil.example/console'],
    ['//evil.example/console'],
    ['/\\evil.example/console'],
    ['/console/../v1/clients'],
    ['/console/%2e%2e/docs'],
    ['/consoles'],
    ['/console/sign-in/callback?code=1'],
    ['javascript:alert(1)'],
    ['/console@evil.example'],
    ['\t//evil.example/console'],
  ])('is never sent to %j after the sign-in', async (to) => {
    expect(await browser.signIn(to)).toBe('/console');
  });

  it('has cookies that no script reads and HTTPS keeps to this host', async () => {
    await browser.signIn();
    const [cleared, begun, session, ended] = browser.setCookies.filter((it) => it.startsWith('__Host-'));
    expect(cleared).toMatch(/^__Host-b24_console=; Max-Age=0; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
    expect(begun).toMatch(/^__Host-b24_sign_in=[\w.-]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    expect(session).toMatch(/^__Host-b24_console=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
    expect(ended).toMatch(/^__Host-b24_sign_in=; Max-Age=0; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
  });

  it('gets a session id that nobody can choose before, and loses the session that the browser had', async () => {
    const place = `${new URL(client.url).host} ${sessionName}`;
    await browser.signIn();
    const earlier = another();
    earlier.cookies.set(place, browser.cookies.get(place) ?? '');
    await browser.signIn();
    expect(await earlier.role()).toBe('session_ended');
    const planted = 'x'.repeat(43);
    browser.cookies.set(place, planted);
    await browser.signIn();
    expect(browser.cookies.get(place)).not.toBe(planted);
    expect(await browser.role()).toBe('admin');
  });

  it('learns that the provider is down, while the admin key still signs in', async () => {
    const fresh = await world.gateway({ PUBLIC_URL: publicUrl, ...provider.environment });
    const back = await browser.authorized();
    await provider.set({ isDown: true });
    expect(await browser.comeBack(back)).toBe('/console?problem=identity_provider_error');
    const late = another(fresh);
    const refused = await late.ask('POST', '/console/sign-in', {});
    expect([refused.status, refused.code]).toEqual([502, 'identity_provider_error']);
    expect((await late.ask('POST', '/console/session', { key: adminKey })).status).toBe(200);
    await provider.set({ isDown: false });
    expect(await another(fresh).signIn()).toBe('/console');
  });

  it('loses earlier sessions when a new sign-in finds another role or none', async () => {
    const early = await as(inGroup('gw-admins', 'grace'));
    expect(await early.role()).toBe('admin');
    const demoted = await as(inGroup('gw-viewers', 'grace'));
    expect([await early.role(), await demoted.role()]).toEqual(['session_ended', 'viewer']);
    await as(inGroup('former-colleagues', 'grace'));
    expect(await demoted.role()).toBe('session_ended');
  });

  it('loses the session when the settings no longer give a role', async () => {
    await browser.signIn();
    const settings = { PUBLIC_URL: publicUrl, ...provider.environment };
    const changed = await world.gateway({ ...settings, OIDC_ADMINS: 'gw-admins' });
    const there = another(changed);
    const place = `${new URL(client.url).host} ${sessionName}`;
    there.cookies.set(`${new URL(changed.url).host} ${sessionName}`, browser.cookies.get(place) ?? '');
    expect(await browser.role()).toBe('admin');
    expect(await there.role()).toBe('session_ended');
  });

  it('has a name of bounded length, without control characters, and never another’s', async () => {
    const name = `Administrator\u202e\u0000\n<img src=x onerror=alert(1)>${'x'.repeat(5000)}`;
    const named = await as({ ...ada, name });
    const { body } = await named.ask('GET', '/console/session');
    const shown = (body as { name: string }).name;
    expect(shown.length).toBeLessThanOrEqual(100);
    expect(shown).toMatch(/^Administrator<img src=x onerror=alert\(1\)>x+ \(ada@example\.com\)$/);
  });

  it('starts no job, which would outlive the session', async () => {
    await browser.signIn();
    const asked = await browser.ask(
      'POST',
      '/v1/fan-out',
      { portals: ['acme'], call: { method: 'profile' } },
      { Prefer: 'respond-async' },
    );
    expect([asked.status, asked.code]).toEqual([403, 'not_allowed']);
  });

  describe('and the sessions', () => {
    const listed = async (it: SignInBrowser) =>
      ((await it.ask('GET', '/v1/sessions')).body as { items: { id: string; name: string; isCurrent: boolean }[] })
        .items;

    it('of oneself are listed and ended; those of others are not there, except for administrators', async () => {
      const [one, two] = [await as(inGroup('gw-viewers', 'vera')), await as(inGroup('gw-viewers', 'vera'))];
      const other = await as(inGroup('gw-operators', 'otto'));
      const own = await listed(one);
      expect(own.map((it) => [it.name, it.isCurrent])).toEqual([
        ['vera (vera)', false],
        ['vera (vera)', true],
      ]);
      const [foreign] = await listed(other);
      expect((await one.ask('DELETE', `/v1/sessions/${foreign?.id}`)).code).toBe('session_not_found');
      expect((await one.ask('DELETE', '/v1/sessions?client=all')).code).toBe('not_allowed');
      expect((await one.ask('DELETE', `/v1/sessions/${own[0]?.id}`)).status).toBe(204);
      expect([await one.role(), await two.role(), await other.role()]).toEqual(['viewer', 'session_ended', 'operator']);
      await provider.set({ claims: ada });
      await browser.signIn();
      expect((await listed(browser)).map(({ name }) => name)).toEqual(
        expect.arrayContaining(['vera (vera)', 'otto (otto)', 'Ada Lovelace (ada@example.com)']),
      );
      expect((await browser.ask('DELETE', `/v1/sessions/${foreign?.id}`)).status).toBe(204);
      expect(await other.role()).toBe('session_ended');
    });

    it('end everywhere at once, on every replica', async () => {
      const other = await world.gateway({ PUBLIC_URL: publicUrl, ...provider.environment });
      const [here, there] = [await as(inGroup('gw-viewers', 'zoe')), await as(inGroup('gw-viewers', 'zoe'), other)];
      expect((await here.ask('DELETE', '/v1/sessions')).body).toEqual({ ended: 2 });
      expect([await here.role(), await there.role()]).toEqual(['session_ended', 'session_ended']);
    });

    it('of one person are fifty at most: a further one ends the oldest', async () => {
      await provider.set({ claims: inGroup('gw-viewers', 'max') });
      const first = another();
      await first.signIn();
      for (let more = 0; more < 50; more++) await another().signIn();
      expect(await first.role()).toBe('session_ended');
    });

    it('lead to the provider’s own sign-out, while the session has ended in any case', async () => {
      await browser.signIn();
      const place = `${new URL(client.url).host} ${sessionName}`;
      const thief = another();
      thief.cookies.set(place, browser.cookies.get(place) ?? '');
      const { body } = await browser.ask('DELETE', '/console/session');
      expect((body as { providerUrl: string }).providerUrl).toContain(`${provider.issuer}/session/end?`);
      expect(await thief.role()).toBe('session_ended');
    });
  });

  it('signs in by key only where no provider is set', async () => {
    const bare = another(await world.gateway());
    expect((await bare.ask('GET', '/console/sign-in')).body).toEqual({});
    expect((await bare.ask('POST', '/console/sign-in', {})).code).toBe('route_not_found');
    expect((await browser.ask('GET', '/console/sign-in')).body).toEqual({ provider: 'Example SSO' });
  });
});
