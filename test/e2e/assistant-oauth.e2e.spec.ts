import { rawGet } from '../support/browser';
import { eventually, type HttpClient, World } from '../support/gateway';
import { HandClock } from '../support/hand-clock';
import { OauthByHand } from '../support/oauth-by-hand';
import { PersonAtConsent } from '../support/person-at-consent';
import { PublicGateway } from '../support/public-gateway';

const well = (name: string) => `/.well-known/oauth-${name}`;

describe('the authorization server for assistants', () => {
  let world: World;
  let gateway: PublicGateway;
  let admin: HttpClient;
  let clock: HandClock;
  let wire: OauthByHand;

  beforeAll(async () => {
    world = await World.start();
    clock = new HandClock(Date.now());
    gateway = await PublicGateway.start(world, {}, clock);
    admin = gateway.admin;
  });
  beforeEach(async () => {
    // Refills what the address may ask for.
    await clock.advance(150_000);
    wire = new OauthByHand(gateway.url);
    await wire.register();
  });
  afterAll(async () => {
    gateway.close();
    await world.stop();
  });

  const newKey = async () => {
    const { body } = await admin.call('POST', '/v1/clients', { name: 'planning', scopes: ['call'] });
    return body.key as string;
  };
  const errorOf = async (answer: ReturnType<OauthByHand['ask']>) => {
    const { status, body } = await answer;
    return [status, body['error']];
  };

  it('names itself by PUBLIC_URL, whatever host a request names', async () => {
    const forged = { Host: 'evil.example', 'X-Forwarded-Host': 'evil.example', Forwarded: 'host=evil.example' };
    for (const path of [well('authorization-server'), well('protected-resource'), well('protected-resource/mcp')]) {
      const { status, body } = await rawGet(`${gateway.url}${path}`, forged);
      expect([status, body]).toEqual([200, expect.stringContaining(gateway.url)]);
      expect(body).not.toContain('evil.example');
    }
    const { body } = await admin.get<Record<string, string>>(well('authorization-server'));
    expect(body).toMatchObject({
      ...{ issuer: gateway.url, code_challenge_methods_supported: ['S256'], response_types_supported: ['code'] },
      ...{ token_endpoint_auth_methods_supported: ['none'], token_endpoint: `${gateway.url}/assistants/token` },
    });
    expect((await admin.get(well('protected-resource/mcp'))).body).toMatchObject({
      ...{ resource: `${gateway.url}/mcp`, authorization_servers: [gateway.url] },
    });
  });

  it('is named to anyone who comes to /mcp without a valid key or token', async () => {
    const metadata = `Bearer resource_metadata="${gateway.url}${well('protected-resource/mcp')}"`;
    const challenge = async (headers: Record<string, string>) => {
      const response = await fetch(`${gateway.url}/mcp`, { method: 'POST', headers });
      return [response.status, response.headers.get('www-authenticate')];
    };
    expect(await challenge({})).toEqual([401, metadata]);
    for (const token of ['b24access_x', 'b24_x', `b24access_${'x'.repeat(22)}.${'y'.repeat(43)}`])
      expect(await challenge({ Authorization: `Bearer ${token}` })).toEqual([
        401,
        `${metadata}, error="invalid_token"`,
      ]);
    const api = await admin.get('/v1/clients', { Authorization: '' });
    expect(api.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('is not there unless the operator wants it', async () => {
    const bare = await world.gateway();
    const paths = ['/assistants/authorize', well('authorization-server'), well('protected-resource/mcp')];
    for (const path of paths) expect((await bare.get(path)).body.code).toBe('route_not_found');
    for (const path of ['/assistants/token', '/assistants/register', '/assistants/revoke'])
      expect((await bare.call('POST', path, {})).body.code).toBe('route_not_found');
    const { access } = await wire.tokens(await newKey());
    expect(await wire.enters(access, bare.url)).toBe('key_invalid');
  });

  describe('registers an app', () => {
    it.each([
      ['https://assistant.example/callback?x=1'],
      ['http://127.0.0.1:4242/callback'],
      ['http://localhost/callback'],
      ['http://[::1]:8080/callback'],
    ])('with the address %s', async (address) => {
      const { status, body, headers } = await wire.register({ redirect_uris: [address] });
      expect([status, headers.get('cache-control')]).toEqual([201, 'no-store']);
      expect(body).toMatchObject({ redirect_uris: [address], token_endpoint_auth_method: 'none' });
      expect(body).not.toHaveProperty('client_secret');
    });

    it.each([
      ['javascript:alert(1)'],
      ['data:text/html,x'],
      ['http://assistant.example/callback'],
      ['http://127.0.0.1.evil.example/callback'],
      ['http://localhost.evil.example/callback'],
      ['https://user@assistant.example/callback'],
      ['https://assistant.example/callback#part'],
      ['https://assistant.example/call back'],
      ['assistant:/callback'],
      ['/callback'],
      [''],
      [`https://assistant.example/${'x'.repeat(400)}`],
    ])('but not with the address %s', async (address) => {
      const refused = await wire.register({ redirect_uris: [address] });
      expect([refused.status, refused.body['error']]).toEqual([400, 'invalid_redirect_uri']);
    });

    it('but not with a long name, with many addresses, or with none', async () => {
      const many = Array.from({ length: 6 }, (_, i) => `https://assistant.example/${i}`);
      expect(await errorOf(wire.register({ client_name: 'x'.repeat(101) }))).toEqual([400, 'invalid_client_metadata']);
      expect(await errorOf(wire.register({ client_name: { x: 1 } }))).toEqual([400, 'invalid_client_metadata']);
      expect(await errorOf(wire.register({ redirect_uris: many }))).toEqual([400, 'invalid_redirect_uri']);
      expect(await errorOf(wire.register({ redirect_uris: [] }))).toEqual([400, 'invalid_redirect_uri']);
      expect(await errorOf(wire.register({ logo_uri: `data:,${'x'.repeat(70_000)}` }))).toEqual([
        413,
        'invalid_request',
      ]);
    });

    it('without storing it, and takes no more than its address may ask for', async () => {
      const redis = world.redis.client();
      // The call log and the history are written meanwhile.
      const keys = async () => (await redis.keys('*')).filter((it) => !/^\{b24:calls\}|:history:/.test(it)).length;
      const before = await keys();
      const statuses: number[] = [];
      for (let i = 0; i < 130; i++) statuses.push((await wire.register({ logo_uri: 'x'.repeat(10_000) })).status);
      expect([statuses.filter((it) => it === 201).length, statuses.at(-1)]).toEqual([119, 429]);
      expect(await keys()).toBe(before);
      redis.disconnect();
    });
  });

  describe('shows no consent, and leads nowhere, for a request', () => {
    const changes: [what: string, changed: Record<string, string | undefined>, status: number][] = [
      ['to an address that is not registered', { redirect_uri: 'https://evil.example/callback' }, 400],
      ['to another port', { redirect_uri: 'https://assistant.example:444/callback' }, 400],
      ['to another path', { redirect_uri: 'https://assistant.example/callback/x' }, 400],
      ['to the address with a query', { redirect_uri: 'https://assistant.example/callback?x' }, 400],
      ['without PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 400],
      ['with a challenge of no method', { code_challenge_method: undefined }, 400],
      ['with plain PKCE', { code_challenge_method: 'plain' }, 400],
      ['with a short challenge', { code_challenge: 'x'.repeat(42) }, 400],
      ['for another resource', { resource: 'https://other.example/mcp' }, 400],
      ['for the whole gateway', { resource: 'http://127.0.0.1/' }, 400],
      ['for a token', { response_type: 'token' }, 400],
      ['for a fragment', { response_mode: 'fragment' }, 400],
      ['of nobody', { client_id: undefined }, 401],
      ['of an invented app', { client_id: 'v2.k1.x' }, 401],
    ];
    it.each(changes)('that asks for what it may not: %s', async (_what, changed, status) => {
      const page = await new PersonAtConsent().open(wire.consentUrl(changed));
      expect([page.status, page.location, page.html.includes('<form')]).toEqual([status, '', false]);
      expect(page.html).not.toContain('http-equiv');
    });

    it('that names a field twice', async () => {
      const page = await new PersonAtConsent().open(`${wire.consentUrl()}&redirect_uri=https://evil.example/`);
      expect([page.status, page.html.includes('<form')]).toEqual([400, false]);
    });

    it('of an app whose client id was changed', async () => {
      const { clientId } = wire;
      for (const at of [10, Math.floor(clientId.length / 2), clientId.length - 5]) {
        const changed = `${clientId.slice(0, at)}${clientId[at] === 'A' ? 'B' : 'A'}${clientId.slice(at + 1)}`;
        const page = await new PersonAtConsent().open(wire.consentUrl({ client_id: changed }));
        expect(page.status).toBe(401);
      }
    });
  });

  describe('takes a code', () => {
    it('once: a second use ends the tokens of the first', async () => {
      const code = await wire.code(await newKey());
      const { body } = await wire.exchange(code);
      const access = body['access_token'] ?? '';
      expect(await wire.enters(access)).toBe('200');
      expect(await errorOf(wire.exchange(code))).toEqual([400, 'invalid_grant']);
      expect(await wire.enters(access)).toBe('assistant_token_invalid');
      expect(await errorOf(wire.refresh(body['refresh_token'] ?? ''))).toEqual([400, 'invalid_grant']);
      expect(world.logLines.some((line) => line.includes('it was ended'))).toBe(true);
    });

    it.each<[how: string, changed: () => Promise<Record<string, string>>]>([
      [
        'of another app',
        async () => {
          const other = new OauthByHand(gateway.url);
          await other.register({ client_name: 'Another' });
          return { client_id: other.clientId };
        },
      ],
      ['with another verifier', () => Promise.resolve({ code_verifier: 'x'.repeat(43) })],
      ['with another address', () => Promise.resolve({ redirect_uri: 'https://evil.example/callback' })],
    ])('never %s, and not afterwards', async (_how, changed) => {
      const code = await wire.code(await newKey());
      expect(await errorOf(wire.exchange(code, await changed()))).toEqual([400, 'invalid_grant']);
      expect(await errorOf(wire.exchange(code))).toEqual([400, 'invalid_grant']);
    });

    it('for a minute', async () => {
      const [early, late] = [await wire.code(await newKey()), await wire.code(await newKey())];
      await clock.advance(59_999);
      expect((await wire.exchange(early)).status).toBe(200);
      await clock.advance(1);
      expect(await errorOf(wire.exchange(late))).toEqual([400, 'invalid_grant']);
    });

    it('for its own resource, with every field, and leaves it for a request that lacks one', async () => {
      const code = await wire.code(await newKey());
      expect(await errorOf(wire.exchange(code, { resource: 'https://other.example/mcp' }))).toEqual([
        400,
        'invalid_target',
      ]);
      expect(await errorOf(wire.exchange(code, { code_verifier: undefined }))).toEqual([400, 'invalid_request']);
      expect(await errorOf(wire.exchange(code, { grant_type: 'password' }))).toEqual([400, 'unsupported_grant_type']);
      expect((await wire.exchange(code, { resource: `${gateway.url}/mcp` })).status).toBe(200);
    });

    it('not for a refresh token, nor the other way round', async () => {
      const code = await wire.code(await newKey());
      expect(await errorOf(wire.refresh(code))).toEqual([400, 'invalid_grant']);
      const { body } = await wire.exchange(code);
      expect(await errorOf(wire.exchange(body['refresh_token'] ?? ''))).toEqual([400, 'invalid_grant']);
      expect(await wire.enters(body['refresh_token'] ?? '')).toBe('key_invalid');
    });
  });

  describe('takes a refresh token', () => {
    it('once: a second use ends the assistant', async () => {
      const { refresh } = await wire.tokens(await newKey());
      const { body } = await wire.refresh(refresh);
      expect(await wire.enters(body['access_token'] ?? '')).toBe('200');
      expect(await errorOf(wire.refresh(refresh))).toEqual([400, 'invalid_grant']);
      expect(await wire.enters(body['access_token'] ?? '')).toBe('assistant_token_invalid');
      expect(await errorOf(wire.refresh(body['refresh_token'] ?? ''))).toEqual([400, 'invalid_grant']);
    });

    it('of its app only: another’s attempt ends the assistant', async () => {
      const { access, refresh } = await wire.tokens(await newKey());
      const other = new OauthByHand(gateway.url);
      await other.register({ client_name: 'Another' });
      expect(await errorOf(other.refresh(refresh))).toEqual([400, 'invalid_grant']);
      expect(await wire.enters(access)).toBe('assistant_token_invalid');
    });

    it('and lets calls under way end with the former access token, until it expires', async () => {
      const { access, refresh } = await wire.tokens(await newKey());
      await clock.advance(60_000);
      expect((await wire.refresh(refresh)).status).toBe(200);
      expect(await wire.enters(access)).toBe('200');
      await clock.advance(14 * 60_000);
      expect(await wire.enters(access)).toBe('assistant_token_invalid');
    });
  });

  it('has an app without a registration register itself', async () => {
    expect(await errorOf(wire.refresh('b24refresh_x', { client_id: 'lost' }))).toEqual([401, 'invalid_client']);
    expect(await errorOf(wire.refresh('b24refresh_x'))).toEqual([400, 'invalid_grant']);
  });

  it('throttles guessed tokens by address, and not expired ones', async () => {
    const { access } = await wire.tokens(await newKey());
    await clock.advance(15 * 60_000);
    const expired: string[] = [];
    for (let i = 0; i < 40; i++) expired.push(await wire.enters(access));
    expect(new Set(expired)).toEqual(new Set(['assistant_token_invalid']));
    const guess = () => `b24access_${'x'.repeat(22)}.${'y'.repeat(43)}`;
    const guessed: string[] = [];
    for (let i = 0; i < 31; i++) guessed.push(await wire.enters(guess()));
    expect(guessed.at(-1)).toBe('too_many_attempts');
    expect(await errorOf(wire.refresh('b24refresh_x'))).toEqual([429, 'temporarily_unavailable']);
  });

  it('says that it is not available while Redis is away', async () => {
    const lonely = await World.start();
    const away = await PublicGateway.start(lonely);
    const hand = new OauthByHand(away.url);
    const { body } = await away.admin.call('POST', '/v1/clients', { name: 'planning', scopes: ['call'] });
    const { access, refresh } = await hand.tokens(body.key as string);
    const person = new PersonAtConsent();
    await person.open(hand.consentUrl());
    await lonely.redis.kill();
    await eventually(async () => (await hand.enters(access)) === 'store_unavailable');
    expect(await errorOf(hand.refresh(refresh))).toEqual([503, 'temporarily_unavailable']);
    const page = await person.post({ key: body.key as string });
    expect([page.status, page.html]).toEqual([503, expect.stringContaining('store_unavailable')]);
    away.close();
    await lonely.stop();
  });
});
