import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { AssistantApp } from '../support/assistant-app';
import { environment, eventually, HttpClient, World } from '../support/gateway';
import { GatewayProcess } from '../support/gateway-process';
import { HandClock } from '../support/hand-clock';
import { OauthByHand } from '../support/oauth-by-hand';
import { PublicGateway } from '../support/public-gateway';

const backlog = { id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 };

describe('an assistant that connects by OAuth', () => {
  let world: World;
  let gateway: PublicGateway;
  let admin: HttpClient;
  let portal: SimulatedPortal;
  let clock: HandClock;
  const apps: AssistantApp[] = [];

  beforeAll(async () => {
    world = await World.start();
    clock = new HandClock(Date.now());
    gateway = await PublicGateway.start(world, {}, clock);
    admin = gateway.admin;
    portal = await world.installed(admin, { burst: 1000, drainPerSecond: 100, backlogs: [backlog] });
  });
  afterEach(() => Promise.all(apps.splice(0).map((it) => it.close())));
  afterAll(async () => {
    gateway.close();
    await world.stop();
  });

  const keyFor = async (wanted: object = {}) => {
    const { body } = await admin.call('POST', '/v1/clients', { name: 'planning', scopes: ['call'], ...wanted });
    return body as { id: string; key: string };
  };
  const appOf = (name?: string) => {
    const app = new AssistantApp(gateway.url, name);
    apps.push(app);
    return app;
  };
  const run = async (client: Client, name: string, args: object) => {
    const { isError, content, structuredContent } = await client.callTool({ name, arguments: { ...args } });
    const [{ text }] = content as [{ text: string }];
    return { isError, text, structuredContent };
  };
  const assistantsOf = async (id: string) =>
    (await admin.get<{ items: { id: string; name: string }[] }>(`/v1/clients/${id}/assistants`)).body.items;

  it('finds the gateway’s authorization server, registers, gets a consent, and works from words to a call', async () => {
    const { id, key } = await keyFor();
    const app = appOf();
    const client = await app.connect(key);
    expect([...new Set(app.exchanges)].slice(0, 7)).toEqual([
      'POST /mcp 401',
      'GET /.well-known/oauth-protected-resource/mcp 200',
      'GET /.well-known/oauth-authorization-server 200',
      'POST /assistants/register 201',
      'POST /assistants/token 200',
      'POST /mcp 200',
      'POST /mcp 202',
    ]);
    const found = await run(client, 'find_methods', { task: 'read the backlog of a scrum group' });
    const { methods } = found.structuredContent as { methods: { method: string }[] };
    const method = methods[0]?.method ?? '';
    const described = await run(client, 'describe_method', { method });
    expect(described.structuredContent).toMatchObject({ effect: 'read' });
    const called = await run(client, 'call_method', { portal: portal.domain, method, params: { id: 125 } });
    expect(called.structuredContent).toMatchObject({ result: backlog });
    expect(await assistantsOf(id)).toEqual([
      {
        id: expect.stringMatching(/^as_[0-9a-f]{16}$/),
        ...{ name: 'Assistant of the test', host: 'assistant.example' },
        connectedAt: new Date(clock.now()).toISOString(),
        tokensAt: new Date(clock.now()).toISOString(),
      },
    ]);
  });

  it('works with the build as an operator runs it', async () => {
    const built = await GatewayProcess.startReachable(environment(world.redis, world.simulator, { MCP_OAUTH: 'true' }));
    const app = new AssistantApp(built.url);
    const client = await app.connect((await keyFor()).key);
    const called = { portal: portal.domain, method: 'tasks.api.scrum.backlog.get', params: { id: 125 } };
    expect((await run(client, 'call_method', called)).structuredContent).toMatchObject({ result: backlog });
    await app.close();
    await built.stop();
  });

  it('refreshes its access token when that has expired after a quarter of an hour', async () => {
    const { key } = await keyFor();
    const app = appOf();
    const client = await app.connect(key);
    const { access_token: first } = app.current ?? {};
    app.exchanges.length = 0;
    await clock.advance(15 * 60_000 - 1);
    await client.listTools();
    expect(app.current?.access_token).toBe(first);
    await clock.advance(1);
    await client.listTools();
    expect(app.current?.access_token).not.toBe(first);
    expect(app.exchanges).toContain('POST /assistants/token 200');
  });

  it('acts as the key: no tool, portal or method beyond it, and its writes are in the audit log with the app’s name', async () => {
    const { id, key } = await keyFor({ scopes: ['scrum:write'], portals: [portal.memberId] });
    const client = await appOf('Planner').connect(key);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).not.toContain('call_method');
    const other = await world.installed(admin);
    const elsewhere = await run(client, 'add_epic', { portal: other.memberId, groupId: 125, name: 'No' });
    expect(JSON.parse(elsewhere.text)).toMatchObject({ code: 'portal_not_found' });
    await run(client, 'add_epic', { portal: portal.memberId, groupId: 125, name: 'Sign-up' });
    const entries = async () => (await admin.get<{ items: object[] }>(`/v1/audit?client=${id}`)).body.items;
    await eventually(async () => (await entries()).length >= 3);
    const [assistant] = await assistantsOf(id);
    const ids = { assistantId: assistant?.id, assistant: 'Planner' };
    const { memberId } = portal;
    expect(await entries()).toEqual([
      expect.objectContaining({ action: 'addEpic', portal: memberId, actor: id, ids: expect.objectContaining(ids) }),
      expect.objectContaining({ action: 'addEpic', outcome: 'portal_not_found', ids: expect.objectContaining(ids) }),
      expect.objectContaining({ action: 'connectAssistant', name: 'planning', ids: { ...ids, clientId: id } }),
    ]);
  });

  it('is refused by its key’s rate as the key is', async () => {
    const { key } = await keyFor({ ratePerSecond: 0.01, burst: 1 });
    const wire = new OauthByHand(gateway.url);
    const { access } = await wire.tokens(key);
    expect([await wire.enters(access), await wire.enters(access)]).toEqual(['200', 'client_rate_limited']);
  });

  it.each<[how: string, end: (client: { id: string; key: string }) => Promise<unknown>]>([
    ['is deleted', ({ id }) => admin.call('DELETE', `/v1/clients/${id}`)],
    ['is replaced', ({ id }) => admin.call('POST', `/v1/clients/${id}/rotate`, {})],
  ])('ends when its key %s, on every replica', async (_how, end) => {
    const made = await keyFor();
    const wire = new OauthByHand(gateway.url);
    const { access, refresh } = await wire.tokens(made.key);
    const other = await gateway.replica();
    expect([await wire.enters(access), await wire.enters(access, other.url)]).toEqual(['200', '200']);
    await end(made);
    await eventually(async () => (await wire.enters(access, other.url)) === 'assistant_token_invalid');
    expect(await wire.enters(access)).toBe('assistant_token_invalid');
    expect((await wire.refresh(refresh)).body['error']).toBe('invalid_grant');
  });

  it('ends when its key expires', async () => {
    const { key } = await keyFor({ expiresAt: new Date(clock.now() + 60_000).toISOString() });
    const wire = new OauthByHand(gateway.url);
    const { access, refresh } = await wire.tokens(key);
    await clock.advance(59_999);
    expect(await wire.enters(access)).toBe('200');
    await clock.advance(1);
    expect(await wire.enters(access)).toBe('key_expired');
    expect((await wire.refresh(refresh)).body['error']).toBe('invalid_grant');
  });

  it('is ended by an administrator, of the client that it acts as and no other', async () => {
    const [mine, other] = [await keyFor(), await keyFor()];
    const wire = new OauthByHand(gateway.url);
    const { access, refresh } = await wire.tokens(mine.key);
    const [assistant] = await assistantsOf(mine.id);
    const place = (client: string) => `/v1/clients/${client}/assistants/${assistant?.id}`;
    expect((await admin.call('DELETE', place(other.id))).body).toMatchObject({ code: 'assistant_not_found' });
    expect(await wire.enters(access)).toBe('200');
    expect((await admin.call('DELETE', place(mine.id))).status).toBe(204);
    expect(await wire.enters(access)).toBe('assistant_token_invalid');
    expect((await wire.refresh(refresh)).body['error']).toBe('invalid_grant');
    expect((await admin.call('DELETE', place(mine.id))).body).toMatchObject({ code: 'assistant_not_found' });
    expect(await assistantsOf(mine.id)).toEqual([]);
    const unknown = await admin.get('/v1/clients/c_0000000000000000/assistants');
    expect(unknown.body).toMatchObject({ code: 'client_not_found' });
  });

  it('is listed and ended by the key that it acts as, whatever its scopes, and by no other key', async () => {
    const [mine, other] = [await keyFor({ scopes: ['backlog:read'] }), await keyFor()];
    const wire = new OauthByHand(gateway.url);
    const { access } = await wire.tokens(mine.key);
    const [owner, stranger] = [mine, other].map(({ key }) => new HttpClient(gateway.url, key));
    const place = `/v1/clients/${mine.id}/assistants`;
    const listed = await owner?.get<{ items: { id: string }[] }>(place);
    expect(listed?.body.items).toHaveLength(1);
    const assistant = `${place}/${listed?.body.items[0]?.id}`;
    expect((await stranger?.get(place))?.body).toMatchObject({ code: 'not_allowed' });
    expect((await stranger?.call('DELETE', assistant))?.body).toMatchObject({ code: 'not_allowed' });
    expect((await owner?.call('DELETE', `/v1/clients/${mine.id}`))?.body).toMatchObject({ code: 'not_allowed' });
    expect(await wire.enters(access)).toBe('200');
    expect((await owner?.call('DELETE', assistant))?.status).toBe(204);
    expect(await wire.enters(access)).toBe('assistant_token_invalid');
  });

  it('ends itself', async () => {
    const wire = new OauthByHand(gateway.url);
    const { access, refresh } = await wire.tokens((await keyFor()).key);
    const revoke = (token: string) => wire.ask({ token }, '/assistants/revoke');
    expect((await revoke('b24refresh_x')).status).toBe(200);
    expect(await wire.enters(access)).toBe('200');
    expect((await revoke(refresh)).status).toBe(200);
    expect(await wire.enters(access)).toBe('assistant_token_invalid');
  });

  it('gets its consent on one replica and its tokens on another', async () => {
    const wire = new OauthByHand(gateway.url);
    const first = await gateway.replica(clock);
    const second = await gateway.replica(clock);
    await wire.register();
    gateway.lead(first);
    const code = await wire.code((await keyFor()).key);
    gateway.lead(second);
    const { body } = await wire.exchange(code);
    expect(await wire.enters(body['access_token'] ?? '', first.url)).toBe('200');
  });

  it('has tokens for /mcp only', async () => {
    const { access } = await new OauthByHand(gateway.url).tokens((await keyFor()).key);
    const bearer = { Authorization: `Bearer ${access}` };
    for (const path of ['/v1/portals', `/v1/portals/${portal.memberId}`, '/v1/clients']) {
      const refused = await admin.get(path, bearer);
      expect([path, refused.status, refused.body.code]).toEqual([path, 401, 'key_invalid']);
    }
  });

  it('leaves no token, code or key in Redis or in the log', async () => {
    const { key } = await keyFor();
    const wire = new OauthByHand(gateway.url);
    await wire.register();
    const code = await wire.code(key);
    const { body } = await wire.exchange(code);
    const secrets = [code, body['access_token'], body['refresh_token'], key].map((it = '') =>
      it.replace(/^b24[a-z]*_/, ''),
    );
    const redis = world.redis.client();
    const names = await redis.keys('*assistant*');
    const values = await Promise.all(names.map((name) => redis.hgetall(name)));
    redis.disconnect();
    const stored = JSON.stringify([names, values]);
    expect(stored).toContain('By hand');
    expect(secrets.every((it) => it.length > 40)).toBe(true);
    for (const secret of secrets.flatMap((it) => it.split('.'))) {
      expect(stored).not.toContain(secret);
      expect(world.logLines.filter((line) => line.includes(secret))).toEqual([]);
    }
  });
});
