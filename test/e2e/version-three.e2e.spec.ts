import { randomUUID } from 'node:crypto';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { HttpClient, World } from '../support/gateway';

/** Bodies that b24pysdk 1.2.1 sends with `prefer_version=3`, byte by byte. */
const b24pysdk: readonly (readonly [method: string, body: string])[] = [
  ['tasks.task.get', '{"id": 1, "select": ["id", "title"]}'],
  ['tasks.task.add', '{"fields": {"title": "\\u0416 \\ud83d\\ude00", "creatorId": 1, "responsibleId": 1}}'],
  ['main.eventlog.list', '{"select": ["id"], "pagination": {"limit": 2}}'],
];
const fields = { title: 'Задача 🚀', creatorId: 1, responsibleId: 1 };

describe('version 3 of the API', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;

  beforeAll(async () => {
    world = await World.start({ scope: ['task', 'main'] });
    client = await world.gateway({ B24_BURST: '1000', B24_DRAIN_PER_SECOND: '100' });
  });
  beforeEach(async () => {
    portal = await world.installed(client, { burst: 10_000, drainPerSecond: 1000 });
    portal.v3.addTask({ ...fields, title: 'first' });
    portal.v3.addEvents(5);
    portal.requests.length = 0;
  });
  afterAll(() => world.stop());

  const v3 = (method: string, body?: unknown, headers?: Record<string, string>, by = client) =>
    by.call('POST', `/v1/portals/${portal.memberId}/v3/${method}`, body, headers);

  it('is called with its own body, and the token in a header', async () => {
    const body = { select: ['id'], filter: [['id', '>', 1]], pagination: { limit: 2 } };
    const { status, body: answer } = await v3('main.eventlog.list', body);
    expect([status, answer.result.items.length]).toEqual([200, 2]);
    expect(portal.requests).toMatchObject([{ version: 3, authVia: 'bearer', received: JSON.stringify(body) }]);
    const documentation = await v3('rest.documentation.openapi');
    expect([documentation.status, documentation.body]).toEqual([
      200,
      expect.objectContaining({ openapi: expect.any(String) }),
    ]);
  });

  it('passes an Idempotency-Key on, and says that an answer is a repeated one', async () => {
    const key = { 'Idempotency-Key': randomUUID() };
    const tasks = () => portal.v3.tasks.size;
    const before = tasks();
    const first = await v3('tasks.task.add', { fields }, key);
    const second = await v3('tasks.task.add', { fields }, key);
    expect([first.status, first.headers.get('idempotent-replayed')]).toEqual([200, null]);
    expect([second.status, second.headers.get('idempotent-replayed')]).toEqual([200, 'true']);
    expect([second.body.result, tasks()]).toEqual([first.body.result, before + 1]);
    const other = await v3('tasks.task.add', { fields: { ...fields, title: 'other' } }, key);
    expect([other.status, other.body.code]).toEqual([409, 'idempotency_conflict']);
  });

  it('says what is wrong with the request, field by field', async () => {
    const { status, body } = await v3('tasks.task.get', {});
    expect([status, body]).toMatchObject([
      422,
      {
        code: 'rejected_by_portal',
        upstream: { validation: [{ field: 'id', message: expect.any(String) as string }] },
      },
    ]);
    expect(await v3('no.such.method', {})).toMatchObject({ status: 404, body: { code: 'method_not_found' } });
  });

  it('runs a batch whole or not at all, in a request of its own', async () => {
    const get = (id: number) => ({ method: 'tasks.task.get', query: { id, select: ['id'] } });
    const [id = 0] = portal.v3.tasks.keys();
    const done = await v3('batch', [get(id), get(id)]);
    expect([done.status, done.body.result]).toEqual([200, [{ item: { id } }, { item: { id } }]]);
    const before = portal.v3.tasks.size;
    const failed = await v3('batch', [{ method: 'tasks.task.add', query: { fields } }, get(999)]);
    expect([failed.status, portal.v3.tasks.size]).toEqual([422, before]);
    for (const body of [{}, [], [{}], [{ method: 'batch' }], [7], { a: get(1) }])
      expect([body, (await v3('batch', body)).status]).toEqual([body, 400]);
    for (const body of [[], { auth: 'x' }, { Access_Token: 'x' }])
      expect([body, (await v3('tasks.task.get', body)).status]).toEqual([body, 400]);
  });

  it('is open to the methods of a key only, in a batch too', async () => {
    const made = await client.call('POST', '/v1/clients', { name: 'n', scopes: ['call'], methods: ['tasks.task.get'] });
    const narrow = new HttpClient(client.url, made.body.key as string);
    const [id = 0] = portal.v3.tasks.keys();
    expect((await v3('tasks.task.get', { id }, {}, narrow)).status).toBe(200);
    portal.requests.length = 0;
    const add = { method: 'tasks.task.add', query: { fields } };
    for (const [method, body] of [
      ['tasks.task.add', { fields }],
      ['batch', [add]],
      ['BATCH', [{ method: 'tasks.task.get', query: { id } }, add]],
    ] as const)
      expect([method, (await v3(method, body, {}, narrow)).body.code]).toEqual([method, 'not_allowed']);
    expect(portal.requests).toEqual([]);
  });

  it.each(b24pysdk)('takes what b24pysdk sends: %s', async (method, body) => {
    const { body: made } = await client.call('POST', '/v1/clients', { name: 'sdk', scopes: ['call'] });
    const hook = portal.webhookUrl(1, ['task', 'main']).replace('/rest/', '/rest/api/');
    const gateway = `${client.url}/p/${portal.memberId}/rest/api/1/${made.key as string}/`;
    const send = async (base: string) => {
      const headers = { 'Content-Type': 'application/json', Accept: 'application/json' };
      const response = await fetch(`${base}${method}`, { method: 'POST', headers, body });
      const { result } = (await response.json()) as { result: object };
      return [response.status, Object.keys(result), portal.requests.splice(0).map(({ received }) => received)];
    };
    const direct = await send(hook);
    expect([direct[0], await send(gateway)]).toEqual([200, direct]);
  });
});
