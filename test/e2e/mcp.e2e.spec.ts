import { Client as Assistant } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { toolName } from '../../apps/gateway/src/doors/mcp/declared-tool';
import { version } from '../../libs/portal/src/version';
import { declaredMethods as declared } from '../../apps/gateway/src/resources/declarations';
import { adminKey, HttpClient, eventually, World } from '../support/gateway';

const backlog = { id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 };
const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
const speaks = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };

describe('an assistant over the Model Context Protocol', () => {
  let world: World;
  let admin: HttpClient;
  let portal: SimulatedPortal;
  let other: SimulatedPortal;
  const open: Assistant[] = [];

  beforeAll(async () => {
    world = await World.start();
    admin = await world.gateway({ CORS_ORIGINS: 'https://app.example.com', PUBLIC_URL: 'http://gw.example.com/below' });
    portal = await world.installed(admin, { burst: 1000, drainPerSecond: 100, backlogs: [backlog] });
    other = await world.installed(admin, { burst: 1000, drainPerSecond: 100, backlogs: [backlog] });
  });
  afterEach(async () => {
    portal.faults.clear();
    await Promise.all(open.splice(0).map((it) => it.close()));
  });
  afterAll(() => world.stop());

  const keyFor = async (wanted: object) => {
    const { body } = await admin.call('POST', '/v1/clients', { name: 'assistant', ...wanted });
    return body as { id: string; key: string };
  };
  const connect = async (key: string, url = admin.url) => {
    const assistant = new Assistant({ name: 'test', version: '1' });
    const requestInit = { headers: { Authorization: `Bearer ${key}` } };
    await assistant.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit }));
    open.push(assistant);
    return assistant;
  };
  const withKey = async (wanted: object) => connect((await keyFor(wanted)).key);
  const namesOf = async (assistant: Assistant) => (await assistant.listTools()).tools.map(({ name }) => name);
  const run = async (assistant: Assistant, name: string, args: object) => {
    const { isError, content, structuredContent } = await assistant.callTool({ name, arguments: { ...args } });
    const [{ text }] = content as [{ text: string }];
    return { isError, text, structuredContent };
  };
  const refusal = async (assistant: Assistant, name: string, args: object) => {
    const { isError, text } = await run(assistant, name, args);
    expect(isError).toBe(true);
    return JSON.parse(text) as Record<string, unknown>;
  };
  const post = (headers: Record<string, string>, body: unknown = ping) =>
    fetch(`${admin.url}/mcp`, { method: 'POST', headers: { ...speaks, ...headers }, body: JSON.stringify(body) });

  it('is shown every declared method as a tool, and what else its key may do', async () => {
    const names = await namesOf(await connect(adminKey));
    const methods = ['find_methods', 'describe_method', 'call_method'];
    const health = ['explain_portal_status', 'recent_problems'];
    expect(names).toEqual([
      'list_portals',
      ...methods,
      ...declared.map(({ id }) => toolName(id)),
      'get_board',
      ...health,
    ]);
  });

  it('is shown names of one style, each with a title', async () => {
    const { tools } = await (await connect(adminKey)).listTools();
    for (const { name, title } of tools) {
      expect(name).toMatch(/^[a-z]+(?:_[a-z]+)+$/);
      expect(title?.toLowerCase()).toBe(name.replaceAll('_', ' '));
    }
  });

  it('is shown only the tools that its key may use, and always its portals', async () => {
    const readers = declared.filter(({ scope }) => scope === 'backlog:read').map(({ id }) => toolName(id));
    expect(readers).toContain('get_backlog');
    expect(await namesOf(await withKey({ scopes: ['backlog:read'] }))).toEqual(['list_portals', ...readers]);
    expect(await namesOf(await withKey({ scopes: ['call'] }))).toEqual([
      'list_portals',
      'find_methods',
      'describe_method',
      'call_method',
    ]);
    const watcher = await withKey({ scopes: ['portals:read'] });
    expect(await namesOf(watcher)).toEqual(['list_portals', 'explain_portal_status', 'recent_problems']);
    const epics = await withKey({ scopes: ['scrum:read', 'scrum:write'], methods: ['tasks.api.scrum.epic.get*'] });
    expect(await namesOf(epics)).toEqual(['list_portals', 'get_epic', 'get_epic_fields']);
    const refused = await refusal(epics, 'add_epic', { portal: portal.memberId, groupId: 125, name: 'Sign-up' });
    expect(refused).toMatchObject({ code: 'not_allowed', status: 403 });
    const elsewhere: [string, object][] = [
      ['get_backlog', {}],
      ['find_methods', { task: 'create a deal' }],
      ['describe_method', { method: 'crm.deal.add' }],
      ['call_method', { portal: portal.memberId, method: 'profile' }],
      ['explain_portal_status', { portal: portal.memberId }],
      ['recent_problems', { portal: portal.memberId }],
    ];
    for (const [name, args] of elsewhere)
      expect([name, (await refusal(epics, name, args))['code']]).toEqual([name, 'not_allowed']);
  });

  it('is given instructions for the tools that it has, by a server of the version of the package', async () => {
    const caller = await withKey({ scopes: ['call'] });
    expect(caller.getServerVersion()).toMatchObject({ name: 'b24-gateway', version });
    expect(caller.getInstructions()).toMatch(/list_portals.*find_methods.*describe_method.*call_method/);
    expect(caller.getInstructions()).not.toContain('recent_problems');
    expect((await withKey({ scopes: ['backlog:read'] })).getInstructions()).not.toContain('call_method');
  });

  it('is shown schemas without long patterns, and refused what they mean all the same', async () => {
    const assistant = await connect(adminKey);
    const { tools } = await assistant.listTools();
    expect(JSON.stringify(tools)).not.toMatch(/"pattern":"[^"]{100}|\$schema/);
    const { properties = {} } = tools.find(({ name }) => name === 'add_sprint')?.inputSchema ?? {};
    expect(properties['dateStart']).toMatchObject({ type: 'string', format: 'date-time' });
    const sprint = { portal: portal.memberId, groupId: 125, name: 'S', dateStart: 'soon', dateEnd: 'later' };
    expect(await refusal(assistant, 'add_sprint', sprint)).toMatchObject({
      code: 'invalid_request',
      errors: expect.arrayContaining([expect.objectContaining({ path: 'dateStart' })]),
    });
  });

  it('finds the method for a task in words, reads what it takes, and calls it', async () => {
    const assistant = await withKey({ scopes: ['call'] });
    const found = await run(assistant, 'find_methods', { task: 'read the backlog of a scrum group' });
    const { methods } = found.structuredContent as { methods: { method: string; parameters: string }[] };
    expect(methods.length).toBeLessThanOrEqual(10);
    expect(methods[0]).toEqual({
      ...{ method: 'tasks.api.scrum.backlog.get', effect: 'read', permission: 'task' },
      parameters: expect.stringMatching(/^id: /),
    });
    const described = await run(assistant, 'describe_method', { method: 'tasks.api.scrum.backlog.get' });
    expect(described.structuredContent).toMatchObject({
      ...{ effect: 'read', permissions: ['task'], parameters: { id: expect.stringMatching(/, required$/) } },
      page: expect.stringContaining('https://apidocs.bitrix24.com/'),
    });
    const { structuredContent } = await run(assistant, 'list_portals', {});
    const { items } = structuredContent as { items: { domain: string }[] };
    const called = { portal: items[0]?.domain, method: 'tasks.api.scrum.backlog.get', params: { id: 125 } };
    expect((await run(assistant, 'call_method', called)).structuredContent).toMatchObject({ result: backlog });
  });

  it('gets the methods that a misspelt name may stand for', async () => {
    const assistant = await withKey({ scopes: ['call'] });
    expect(await refusal(assistant, 'describe_method', { method: 'crm.deals.list' })).toMatchObject({
      code: 'invalid_request',
      detail: expect.stringContaining('Did you mean crm.deal.list'),
    });
    expect((await refusal(assistant, 'describe_method', { method: 'quite.another.thing' }))['detail']).toContain(
      'find_methods',
    );
  });

  it('finds only methods that its key may run, and a note on another that it may not', async () => {
    const assistant = await withKey({ scopes: ['call'], methods: ['crm.*'] });
    const { structuredContent } = await run(assistant, 'find_methods', { task: 'create a task' });
    const { methods } = structuredContent as { methods: { method: string }[] };
    expect(methods.filter(({ method }) => !method.startsWith('crm.'))).toEqual([]);
    const described = await run(assistant, 'describe_method', { method: 'tasks.task.add' });
    expect(described.structuredContent).toMatchObject({ notAllowed: expect.stringContaining('may not run') });
    const allowed = await run(assistant, 'describe_method', { method: 'crm.deal.add' });
    expect(allowed.structuredContent).not.toHaveProperty('notAllowed');
  });

  it('reads whether a portal can be called, why not and what to do', async () => {
    const assistant = await withKey({ scopes: ['portals:read'] });
    const explain = async () =>
      (await run(assistant, 'explain_portal_status', { portal: other.memberId })).structuredContent;
    expect(await explain()).toMatchObject({ status: 'active', isCallable: true, queue: { circuit: 'closed' } });
    await admin.call('PATCH', `/v1/portals/${other.memberId}`, { suspended: true });
    const suspended = await explain();
    await admin.call('PATCH', `/v1/portals/${other.memberId}`, { suspended: false });
    expect(suspended).toMatchObject({
      ...{ status: 'suspended', isCallable: false, advice: expect.stringContaining('resumes') },
    });
  });

  it('reads which calls failed lately, with the requests to look for', async () => {
    const { status } = await admin.call('POST', `/v1/portals/${portal.memberId}/call/no.such.method`, {});
    expect(status).toBeGreaterThanOrEqual(400);
    const assistant = await withKey({ scopes: ['portals:read'] });
    const { structuredContent } = await run(assistant, 'recent_problems', { portal: portal.memberId });
    expect(structuredContent).toEqual({
      problems: expect.arrayContaining([
        expect.objectContaining({ method: 'no.such.method', count: 1, requestIds: [expect.any(String)] }),
      ]),
    });
  });

  it('is told what a tool takes, and whether it reads, adds, changes or may be repeated', async () => {
    const { tools } = await (await connect(adminKey)).listTools();
    const tool = (name: string) => tools.find((it) => it.name === name);
    const { inputSchema, annotations, description } = tool('add_epic') ?? {};
    expect(inputSchema).toMatchObject({ type: 'object', required: ['portal', 'groupId', 'name'] });
    expect(inputSchema).toMatchObject({ additionalProperties: false, properties: { color: { type: 'string' } } });
    expect(annotations).toEqual({ readOnlyHint: false, destructiveHint: false, idempotentHint: false });
    expect(description).toContain('Add an epic to a group. ');
    expect(tool('get_backlog')?.annotations).toEqual({ readOnlyHint: true });
    expect(tool('add_backlog')?.annotations).toMatchObject({ destructiveHint: false, idempotentHint: true });
    expect(tool('start_sprint')?.annotations).toMatchObject({ destructiveHint: true, idempotentHint: true });
    expect(tool('delete_epic')?.annotations).toMatchObject({ destructiveHint: true, idempotentHint: true });
    expect(tool('call_method')?.annotations).toMatchObject({ readOnlyHint: false, destructiveHint: true });
  });

  it('reads a backlog', async () => {
    const reader = await withKey({ scopes: ['backlog:read'] });
    const read = await run(reader, 'get_backlog', { portal: portal.memberId, groupId: 125 });
    expect(read).toEqual({ isError: undefined, text: JSON.stringify(backlog), structuredContent: backlog });
  });

  it('adds an epic, finds it in the list and deletes it, each write told in the audit log', async () => {
    const { id: actor, key } = await keyFor({ scopes: ['scrum:read', 'scrum:write'] });
    const writer = await connect(key);
    const at = { portal: portal.memberId };
    const added = await run(writer, 'add_epic', { ...at, groupId: 125, name: 'Sign-up' });
    const { id } = added.structuredContent as { id: number };
    expect(portal.requests.at(-1)).toMatchObject({ method: 'tasks.api.scrum.epic.add' });
    const listed = await run(writer, 'list_epics', { ...at, groupId: 125, limit: 5 });
    expect(listed.structuredContent).toEqual({ items: [expect.objectContaining({ id, name: 'Sign-up' })] });
    const deleted = await run(writer, 'delete_epic', { ...at, epicId: id });
    expect(deleted).toEqual({ isError: undefined, text: 'The epic is deleted.', structuredContent: undefined });
    const gone = await refusal(writer, 'update_epic', { ...at, epicId: id, name: 'Sign-in' });
    expect(gone).toMatchObject({ code: 'epic_not_found', status: 404, retryable: false, detail: expect.any(String) });

    const entries = async () => (await admin.get(`/v1/audit?client=${actor}`)).body.items as object[];
    await eventually(async () => (await entries()).length >= 3);
    const known = { actor, name: 'assistant', portal: portal.memberId };
    expect(await entries()).toEqual([
      expect.objectContaining({ ...known, action: 'updateEpic', status: 404, outcome: 'epic_not_found' }),
      expect.objectContaining({ ...known, action: 'deleteEpic', status: 200, outcome: 'done', ids: { epicId: id } }),
      expect.objectContaining({
        ...known,
        action: 'addEpic',
        status: 200,
        outcome: 'done',
        ids: { groupId: 125, name: 'set' },
      }),
    ]);
  });

  it('is told a refusal as a problem: of the portal, of what it sent, and when to come back', async () => {
    const key = await withKey({ scopes: ['backlog:read', 'backlog:write'] });
    const at = { portal: portal.memberId };
    expect(await refusal(key, 'add_backlog', { ...at, groupId: 125, createdBy: 6 })).toMatchObject({
      code: 'backlog_already_exists',
    });
    const errors = [{ path: 'groupId', message: expect.any(String) }];
    const wrong = [...errors, { path: 'colour', message: 'Is not a field of this.' }];
    expect(await refusal(key, 'get_backlog', { ...at, groupId: 'x', colour: 1 })).toMatchObject({
      ...{ code: 'invalid_request', errors: wrong },
    });
    expect(await refusal(key, 'get_backlog', { portal: 'nobody', groupId: 125 })).toMatchObject({
      code: 'portal_not_found',
    });
    other.faults.next('OVERLOAD_LIMIT', { method: 'tasks.api.scrum.backlog.get' });
    expect(await refusal(key, 'get_backlog', { portal: other.memberId, groupId: 125 })).toMatchObject({
      ...{ code: 'portal_overloaded', retryable: true, retryAfterSeconds: expect.any(Number) },
    });
  });

  it('is told at its deadline that a write may have been carried out, and where to look', async () => {
    const { key } = await keyFor({ scopes: ['scrum:write'] });
    const hurried = await connect(key, (await world.gateway({ CALL_TIMEOUT_MS: '500' })).url);
    const sent = () => portal.requests.filter(({ method }) => method === 'tasks.api.scrum.epic.add').length;
    const before = sent();
    portal.faults.next('hang', { method: 'tasks.api.scrum.epic.add', afterExecution: true });
    const reported = await refusal(hurried, 'add_epic', { portal: portal.memberId, groupId: 125, name: 'Twice' });
    expect(reported).toMatchObject({ code: 'outcome_unknown', retryable: false });
    expect(reported['detail']).toContain('epics?name=');
    expect(sent() - before).toBe(1);
  });

  it('is told of a tool that is not there in the protocol’s own words', async () => {
    const assistant = await connect(adminKey);
    await expect(assistant.callTool({ name: 'toString', arguments: {} })).rejects.toMatchObject({ code: -32602 });
  });

  it('can not use a portal that is not its key’s, nor see it in the list', async () => {
    const scopes = ['backlog:read', 'portals:read', 'call'];
    const mine = await withKey({ scopes, portals: [portal.memberId] });
    const { structuredContent } = await run(mine, 'list_portals', {});
    expect(structuredContent).toEqual({
      items: [{ memberId: portal.memberId, domain: expect.any(String), status: 'active' }],
    });
    for (const name of ['explain_portal_status', 'recent_problems']) {
      const refused = await refusal(mine, name, { portal: other.memberId });
      const missing = await refusal(mine, name, { portal: 'nobody' });
      expect({ ...refused, requestId: '' }).toEqual({ ...missing, requestId: '' });
    }
    const before = other.requests.length;
    expect(await refusal(mine, 'get_backlog', { portal: other.memberId, groupId: 125 })).toMatchObject({
      code: 'portal_not_found',
    });
    expect(await refusal(mine, 'call_method', { portal: other.memberId, method: 'profile' })).toMatchObject({
      code: 'portal_not_found',
    });
    expect(other.requests.length).toBe(before);
  });

  it('is shown the names of its key’s own portals without the scope to read more of them', async () => {
    await admin.call('PATCH', `/v1/portals/${portal.memberId}`, { tags: ['emea'] });
    const narrow = await withKey({ scopes: ['backlog:read'], portals: [portal.memberId] });
    const { text, structuredContent } = await run(narrow, 'list_portals', {});
    await admin.call('PATCH', `/v1/portals/${portal.memberId}`, { tags: [] });
    expect(structuredContent).toEqual({
      items: [{ memberId: portal.memberId, domain: portal.domain, status: 'active' }],
    });
    for (const hidden of [other.memberId, other.domain, 'emea']) expect(text).not.toContain(hidden);
  });

  it('runs any method by its name where its key has the scope for it', async () => {
    const caller = await withKey({ scopes: ['call'] });
    const call = { portal: portal.memberId, method: 'tasks.api.scrum.backlog.get', params: { id: 125 } };
    const { structuredContent } = await run(caller, 'call_method', call);
    expect(structuredContent).toMatchObject({ result: backlog });
  });

  it('is not let in with a wrong key or without one, before the protocol speaks', async () => {
    await expect(connect(`b24_${'x'.repeat(43)}`)).rejects.toMatchObject({ code: 401 });
    const without = await post({});
    expect([without.status, without.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect(without.headers.get('content-type')).toContain('application/problem+json');
    expect(await without.json()).toMatchObject({ code: 'key_missing' });
  });

  it('is not let in from a page of a foreign origin, whatever key it has', async () => {
    const Authorization = `Bearer ${adminKey}`;
    for (const Origin of ['http://evil.example', 'null', 'http://gw.example.com.evil.example', admin.url]) {
      const refused = await post({ Authorization, Origin });
      expect([Origin, refused.status, ((await refused.json()) as { code: string }).code]).toEqual([
        Origin,
        403,
        'not_allowed',
      ]);
    }
    for (const Origin of ['https://app.example.com', 'http://gw.example.com']) {
      const answer = await post({ Authorization, Origin });
      expect([answer.status, await answer.json()]).toEqual([200, { jsonrpc: '2.0', id: 1, result: {} }]);
    }
  });

  it('has no session: any replica takes the next message, and there is nothing to listen to or to end', async () => {
    const Authorization = `Bearer ${adminKey}`;
    const replica = await world.gateway();
    const call = { name: 'get_backlog', arguments: { portal: portal.memberId, groupId: 125 } };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: call });
    const headers = { ...speaks, Authorization };
    const answer = await fetch(`${replica.url}/mcp`, { method: 'POST', headers, body });
    expect(answer.headers.get('mcp-session-id')).toBeNull();
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.json()).toMatchObject({ id: 7, result: { structuredContent: backlog } });
    for (const method of ['GET', 'DELETE']) {
      const refused = await fetch(`${admin.url}/mcp`, { method, headers: { Accept: speaks.Accept, Authorization } });
      expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'POST']);
    }
  });

  it('sends one message at a time', async () => {
    const Authorization = `Bearer ${adminKey}`;
    expect(await (await post({ Authorization }, [ping, ping])).json()).toMatchObject({ code: 'invalid_request' });
  });

  it('leaves no key in the log', async () => {
    const { key } = await keyFor({ scopes: ['backlog:read'] });
    await run(await connect(key), 'get_backlog', { portal: portal.memberId, groupId: 125 });
    await connect(`${key.slice(0, -1)}!`).catch(() => undefined);
    expect(world.logLines.filter((line) => line.includes('/mcp')).length).toBeGreaterThan(0);
    expect(world.logLines.filter((line) => line.includes(key.slice(4, -1)))).toEqual([]);
  });
});
