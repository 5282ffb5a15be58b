import { randomUUID } from 'node:crypto';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { HttpClient, World } from '../support/gateway';

describe('any method', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;

  const call = (method: string, body?: unknown, headers?: Record<string, string>, by = client) =>
    by.call('POST', `/v1/portals/${portal.memberId}/call/${method}`, body, headers);
  const ran = (method: string) => portal.requests.filter((it) => it.method === method && it.executed);
  const keyFor = async (more: object) => {
    const made = await client.call('POST', '/v1/clients', { name: 'caller', scopes: ['call'], ...more });
    return new HttpClient(client.url, made.body.key as string);
  };

  beforeAll(async () => {
    world = await World.start({ scope: ['task', 'crm'] });
    client = await world.gateway();
  });
  beforeEach(async () => {
    portal = await world.installed(client);
    portal.crm.addDeals(120);
    portal.requests.length = 0;
  });
  afterAll(() => world.stop());

  it('is run by its name, and told with what the portal says of pages and time', async () => {
    const first = await call('crm.deal.list', { params: { select: ['ID'], filter: { '>ID': 10 } } });
    expect(first.status).toBe(200);
    expect(first.body.result[0]).toEqual({ ID: '11' });
    expect(first.body).toMatchObject({ total: 110, next: 50 });
    expect(Object.keys(first.body.time)).toEqual(expect.arrayContaining(['start', 'duration', 'date_finish']));
    const second = await call('crm.deal.list', { params: { filter: { '>ID': 10 } }, start: 100 });
    expect(second.body.result).toHaveLength(10);
    expect(second.body).not.toHaveProperty('next');
    const uncounted = await call('crm.deal.list', { start: -1 });
    expect(uncounted.body).not.toHaveProperty('total');
    expect(first.headers.get('server-timing')).toContain('request;desc=');
  });

  it('may carry the token in a header in place of the body', async () => {
    const other = await world.gateway({ B24_TOKEN_IN: 'header' });
    for (const [gateway, via] of [
      [other, 'bearer'],
      [client, 'body'],
    ] as const) {
      portal.requests.length = 0;
      await gateway.call('POST', `/v1/portals/${portal.memberId}/call/crm.deal.get`, { params: { id: 1 } });
      expect(portal.requests.map(({ authVia, received }) => [authVia, received])).toEqual([[via, '{"id":1}']]);
    }
  });

  it('takes no parameter that is the gateway’s to set, no batch and no path', async () => {
    for (const [method, body] of [
      ['crm.deal.list', { params: { auth: 'x' } }],
      ['crm.deal.list', { params: { ACCESS_TOKEN: 'x' } }],
      ['crm.deal.list', { params: 'x' }],
      ['crm.deal.list', { start: -2 }],
      ['crm.deal.list', { parameters: {} }],
      ['batch', { params: { cmd: { a: 'user.current' } } }],
      ['..%2Frest', {}],
    ] as const) {
      const { status, body: reported } = await call(method, body);
      expect([method, status, reported.code]).toEqual([method, 400, 'invalid_request']);
    }
    expect(portal.requests).toEqual([]);
  });

  it('is run for keys with the scope and a pattern that allows it only, whatever its case', async () => {
    const reader = await keyFor({ methods: ['crm.deal.list', 'crm.*.fields'] });
    const other = await keyFor({ scopes: ['backlog:read'] });
    expect((await call('CRM.Deal.list', {}, {}, reader)).status).toBe(200);
    for (const [method, by] of [
      ['crm.deal.delete', reader],
      ['crm.deal.list', other],
    ] as const) {
      expect((await call(method, { params: { id: 1 } }, {}, by)).body.code).toBe('not_allowed');
    }
    expect(portal.crm.deals.size).toBe(120);
  });

  it('reaches the portal with every value as it is, references of batches among them', async () => {
    const title = '$result[x] $total[y] ${z}';
    const { body } = await call('crm.deal.add', { params: { fields: { TITLE: title, OPPORTUNITY: 1.5 } } });
    expect(portal.crm.deals.get(body.result as number)).toMatchObject({ TITLE: title, OPPORTUNITY: '1.5' });
  });

  it('is told the portal’s refusal in its own words', async () => {
    const unknown = await call('crm.deal.listen');
    expect([unknown.status, unknown.body.code]).toEqual([404, 'method_not_found']);
    const missing = await call('crm.deal.get', { params: { id: 999 } });
    expect(missing.body).toMatchObject({ code: 'rejected_by_portal', upstream: { description: 'Not found' } });
  });

  it('whose name is misspelt is refused with the names that it may stand for', async () => {
    const misspelt = await call('crm.deals.list');
    expect(misspelt.body).toMatchObject({ code: 'method_not_found', detail: expect.any(String) as string });
    expect(misspelt.body.suggestions[0]).toBe('crm.deal.list');
    expect((await call('quite.another.thing.of.partners')).body).not.toHaveProperty('suggestions');
  });

  it('that needs a permission which the portal said it lacks costs no request', async () => {
    const narrow = await world.simulator.addPortal();
    const path = narrow.webhookUrl(1, ['task']);
    const { body: added } = await client.call('POST', '/v1/portals', { webhookUrl: path });
    const of = (method: string) => client.call('POST', `/v1/portals/${added.memberId}/call/${method}`, {});
    narrow.requests.length = 0;
    const refusals = [await of('crm.deal.get'), await of('crm.deal.list'), await of('crm.deal.list')];
    expect(refusals.map(({ status, body }) => [status, body.code])).toEqual(Array(3).fill([403, 'insufficient_scope']));
    expect(refusals[2]!.body.detail).toMatch(/crm\.deal\.list needs the permission `crm`\..*nothing was sent/);
    expect(narrow.requests.map(({ method }) => method)).toEqual(['crm.deal.get', 'crm.deal.list']);
    expect((await of('tasks.task.list')).status).toBe(200);
  });

  it('is sent with parameters that it is not documented to have, which the answer names, unless they are to be checked', async () => {
    const params = { filter: { '>ID': 119 }, selct: ['ID'] };
    const warned = await call('crm.deal.list', { params });
    expect([warned.status, warned.body.result.length]).toEqual([200, 1]);
    expect(warned.body.warnings).toEqual([{ path: 'params.selct', message: expect.stringContaining('crm.deal.list') }]);
    expect((await call('crm.deal.list', { params: { filter: {} } })).body).not.toHaveProperty('warnings');
    portal.requests.length = 0;
    const strict = await call('crm.deal.list', { params, validate: 'strict' });
    expect(strict).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', errors: [{ path: 'params.selct' }] },
    });
    expect(portal.requests).toEqual([]);
    const right = await call('crm.deal.list', { params: { filter: { '>ID': 119 } }, validate: 'strict' });
    expect([right.status, right.body.result.length]).toEqual([200, 1]);
  });

  it('that no portal has run has no series of its own in the metrics', async () => {
    await call('crm.deal.list');
    await call('my.own.words');
    const { body } = await client.get<string>('/metrics');
    expect(body).toContain('method="crm.deal.list"');
    expect(body).toContain('method="other",outcome="method_not_found"');
    expect(body).not.toContain('my.own.words');
  });

  it('that writes is sent once, and an outcome that nobody knows is told as such, also to a retry with its key', async () => {
    portal.faults.next('cut-after', { method: 'crm.deal.add' });
    const key = { 'Idempotency-Key': randomUUID() };
    const lost = await call('crm.deal.add', {}, key);
    expect(lost.body).toMatchObject({ code: 'outcome_unknown', retryable: false });
    const retried = await call('crm.deal.add', {}, key);
    expect(retried.body).toMatchObject({ code: 'outcome_unknown', retryable: false });
    expect(ran('crm.deal.add')).toHaveLength(1);
  });

  it('that writes is told again to who comes with the same Idempotency-Key', async () => {
    const key = { 'Idempotency-Key': randomUUID() };
    const [first, again] = [await call('crm.deal.add', {}, key), await call('crm.deal.add', {}, key)];
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.body).toEqual(first.body);
    expect(ran('crm.deal.add')).toHaveLength(1);
  });

  it('that reads is run anew whatever its Idempotency-Key, may be made again, and is not in the audit log', async () => {
    const key = { 'Idempotency-Key': randomUUID() };
    await call('crm.deal.list', {}, key);
    portal.crm.addDeal();
    expect((await call('crm.deal.list', {}, key)).body.total).toBe(121);
    portal.faults.next('html', { method: 'crm.deal.list', times: 5 });
    expect((await call('crm.deal.list', {}, key)).body).toMatchObject({ code: 'portal_error', retryable: true });
    portal.faults.clear();
    await call('crm.deal.add');
    const { body } = await client.get('/v1/audit?limit=2');
    expect(body.items[0].action).toBe('callMethod');
    expect(body.items[0].ids).toEqual({ method: 'crm.deal.add' });
    expect(body.items[1].action).not.toBe('callMethod');
  });
});
