import { AjaxError, B24Hook } from '@bitrix24/b24jssdk';
import { request as httpRequest } from 'node:http';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { type HttpClient, World } from '../support/gateway';

interface Wired {
  readonly url: string;
  readonly headers: { set(name: string, value: string): void };
}
/** The SDK's axios. */
interface SdkWire {
  readonly ajaxClient: { interceptors: { request: { use(change: (request: Wired) => Wired): void } } };
}
/** What the SDK answers. */
interface SdkAnswer {
  readonly isSuccess: boolean;
  getData(): unknown;
  getErrorMessages(): string[];
}

describe('an SDK that takes the gateway for a portal', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;
  let key: string;

  /** The vendor's own SDK. It insists on https, which nobody speaks on loopback. */
  const hookTo = (b24Url: string, secret: string, host?: string) => {
    const hook = host
      ? B24Hook.fromWebhookUrl(`https://${host}/rest/1/${secret}/`)
      : new B24Hook({ b24Url, userId: 1, secret });
    const http = hook.getHttpClient('v2' as Parameters<typeof hook.getHttpClient>[0]) as unknown as SdkWire;
    http.ajaxClient.interceptors.request.use((request) => {
      const url = request.url.replace('https:', 'http:');
      if (host) request.headers.set('Host', host);
      return { ...request, url: host ? url.replace(`http://${host}`, b24Url) : url };
    });
    return hook;
  };
  const direct = () => hookTo(`http://${portal.domain}`, portal.webhookUrl(1, ['task', 'crm']).split('/').at(-2) ?? '');
  const through = () => hookTo(`${client.url}/p/${portal.memberId}`, key);

  /** What an SDK makes of an answer or an error. */
  const reported = async (work: Promise<SdkAnswer>): Promise<unknown> => {
    try {
      const answer = await work;
      return { ok: answer.isSuccess, data: withoutTime(answer.getData()), errors: answer.getErrorMessages() };
    } catch (error) {
      const { code, message, status } = error as AjaxError;
      return { type: (error as Error).name, code, message, status };
    }
  };
  const withoutTime = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value ?? null, (name, inner: unknown) => (name === 'time' ? undefined : inner)));
  /** A plain request, as curl makes it. */
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${client.url}${path}`, init).then(async (response) => ({
      status: response.status,
      body: (await response.json()) as { result?: unknown; error?: string },
    }));
  const form = { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } };

  beforeAll(async () => {
    world = await World.start({ scope: ['task', 'crm'] });
    client = await world.gateway({ SDK_DOMAIN: 'gw.example', LOG_LEVEL: 'trace' });
    const made = await client.call('POST', '/v1/clients', { name: 'sdk', scopes: ['call'] });
    key = made.body.key as string;
  });
  beforeEach(async () => {
    portal = await world.installed(client, { burst: 200, drainPerSecond: 20 });
    portal.crm.addDeals(130);
    portal.requests.length = 0;
  });
  afterAll(() => world.stop());

  it('has the same results and the same errors as from the portal', async () => {
    const [there, here] = [direct(), through()];
    for (const [method, params] of [
      ['crm.deal.get', { id: 7 }],
      ['crm.deal.list', { filter: { '>ID': 100 }, select: ['ID'], start: 0 }],
      ['crm.deal.update', { id: 7, fields: { TITLE: '$result[x]' } }],
      ['crm.deal.get', { id: 999 }],
      ['tasks.api.scrum.backlog.get', { id: 999 }],
      ['tasks.api.scrum.backlog.get', {}],
      ['no.such.method', {}],
    ] as const) {
      const ways = [there, here].map((hook) => reported(hook.actions.v2.call.make({ method, params })));
      const [expected, got] = await Promise.all(ways);
      expect([method, got]).toEqual([method, expected]);
    }
  });

  it('runs a batch of fifty with its own names, references and halt, in one request', async () => {
    const calls = Object.fromEntries(
      Array.from({ length: 49 }, (_, i) => [
        `c${i}`,
        { method: 'crm.deal.get', params: { id: i === 30 ? 999 : i + 1 } },
      ]),
    );
    const all = { ...calls, last: { method: 'crm.deal.get', params: { id: '$result[c3][ID]' } } };
    for (const isHaltOnError of [false, true]) {
      const options = { isHaltOnError, returnAjaxResult: false };
      const ways = [direct(), through()].map((hook) => reported(hook.actions.v2.batch.make({ calls: all, options })));
      const [expected, got] = await Promise.all(ways);
      expect(got).toEqual(expected);
    }
    const byGateway = portal.requests.filter(({ authVia, batchOf }) => authVia === 'body' && batchOf === undefined);
    expect(byGateway.map(({ method }) => method)).toEqual(['batch', 'batch']);
  });

  it('reads whole lists', async () => {
    const make = (hook: B24Hook) =>
      reported(
        hook.actions.v2.callList.make({ method: 'crm.deal.list', params: { filter: { '<=ID': 120 } }, idKey: 'ID' }),
      );
    const got = (await make(through())) as { data: unknown[] };
    expect(got.data).toHaveLength(120);
    expect(got).toEqual(await make(direct()));
  });

  it('may name its portal by the host, as every webhook URL does', async () => {
    await client.call('PATCH', `/v1/portals/${portal.memberId}`, { alias: 'acme' });
    const hook = hookTo(client.url, key, 'acme.gw.example');
    const answer = await hook.actions.v2.call.make<{ ID: string }>({ method: 'crm.deal.get', params: { id: 3 } });
    expect(answer.getData()?.result.ID).toBe('3');
    const status = await new Promise((resolve) =>
      httpRequest(`${client.url}/rest/1/${key}/crm.deal.get?id=3`, { headers: { Host: portal.domain } }, (reply) =>
        resolve(reply.resume().statusCode),
      ).end(),
    );
    expect(status).toBe(200);
  });

  it('may send parameters in each of the vendor’s ways', async () => {
    const rest = `/p/${portal.memberId}/rest/1/${key}`;
    const filter = 'filter[%3E%3DID]=5&filter%5B%3CID%5D=8&select[]=ID&select[]=TITLE&order[ID]=DESC';
    const expected = ['7', '6', '5'];
    for (const [path, init] of [
      [`/crm.deal.list?${filter}`, {}],
      [`/crm.deal.list.json?${filter}`, {}],
      [`/crm.deal.list/?${filter}`, { method: 'POST' }],
      ['/crm.deal.list', { ...form, body: filter }],
      [
        '/crm.deal.list.json',
        {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ filter: { '>=ID': 5, '<ID': 8 }, select: ['ID', 'TITLE'], order: { ID: 'DESC' } }),
        },
      ],
    ] as const) {
      const { status, body } = await ask(`${rest}${path}`, init);
      expect([path, status, (body.result as { ID: string }[]).map(({ ID }) => ID)]).toEqual([path, 200, expected]);
      expect(Object.keys(body)).toEqual(['result', 'total', 'time']);
    }
    const cmd = encodeURIComponent('crm.deal.get?id=5');
    const batch = await ask(`${rest}/batch`, { ...form, body: `halt=0&cmd[0]=${cmd}&cmd[1]=${cmd}` });
    expect(batch.body.result).toMatchObject({ result: [{ ID: '5' }, { ID: '5' }], result_error: [] });
  });

  it('changes nothing by HEAD', async () => {
    const before = portal.requests.length;
    const { status } = await fetch(`${client.url}/p/${portal.memberId}/rest/1/${key}/crm.deal.add?fields[TITLE]=a`, {
      method: 'HEAD',
    });
    expect([status, portal.requests.length - before]).toEqual([404, 0]);
  });

  it('shares requests with every other caller, and drops what only the portal’s own credentials would be', async () => {
    const rest = `/p/${portal.memberId}/rest/1/${key}`;
    const { status } = await ask(`${rest}/crm.deal.get?id=1&auth=stolen&access_token=stolen&bx24_request_id=1`);
    expect(status).toBe(200);
    expect(portal.requests[0]?.params).toEqual({ id: '1' });
    expect(JSON.stringify(portal.requests)).not.toContain('stolen');
  });

  it.each([
    [
      'CMD in a form',
      'cmd',
      (name: string, text: string) => ({ ...form, body: `${name}[a]=${encodeURIComponent(text)}` }),
    ],
    [
      'CMD in JSON',
      'cmd',
      (name: string, text: string) => ({
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ [name]: { a: text } }),
      }),
    ],
  ])('can not run more than its key may by another spelling: %s', async (_, usual, init) => {
    const made = await client.call('POST', '/v1/clients', { name: 'x', scopes: ['call'], methods: ['crm.deal.get'] });
    const elsewhere = await world.installed(client);
    const weak = await client.call('POST', '/v1/clients', {
      name: 'weak',
      scopes: ['backlog:read'],
      portals: [elsewhere.memberId],
    });
    portal.requests.length = 0;
    for (const name of [usual, 'CMD', 'Cmd', 'cMD']) {
      const [narrow, other] = [made.body.key as string, weak.body.key as string].map(
        (it) => `/p/${portal.memberId}/rest/1/${it}/batch`,
      );
      const refused = await ask(narrow ?? '', init(name, 'crm.deal.delete?id=1'));
      expect([name, refused.status, refused.body.error]).toEqual([name, 403, 'insufficient_scope']);
      expect([name, (await ask(other ?? '', init(name, 'crm.deal.get?id=1'))).body.error]).toEqual([
        name,
        'PORTAL_DELETED',
      ]);
      const mixed = await ask(`${narrow}?cmd[a]=crm.deal.get%3Fid%3D1`, init(name, 'crm.deal.delete?id=1'));
      expect([name, mixed.status]).toEqual([name, 403]);
      expect(portal.requests).toEqual([]);
      const allowed = await ask(narrow ?? '', init(name, 'crm.deal.get?id=1'));
      expect([name, allowed.body.result]).toEqual([
        name,
        expect.objectContaining({ result: { a: expect.anything() } }),
      ]);
      expect(portal.requests.splice(0)[0]?.params).toEqual({ cmd: { a: 'crm.deal.get?id=1' } });
    }
    for (const [body, status] of [
      ['', 400],
      ['{}', 415],
    ] as const)
      expect((await ask(`/p/${portal.memberId}/rest/1/${key}/batch`, { ...form, body })).status).toBe(status);
    expect(portal.requests).toEqual([]);
    expect(portal.crm.deals.has(1)).toBe(true);
  });

  it('is told in the vendor’s words what the gateway refuses', async () => {
    const made = await client.call('POST', '/v1/clients', { name: 'x', scopes: ['call'], methods: ['crm.deal.get'] });
    const narrow = `/p/${portal.memberId}/rest/1/${made.body.key}`;
    const rest = `/p/${portal.memberId}/rest/1/${key}`;
    const sneaky = encodeURIComponent('crm.deal.delete?id=1');
    for (const [path, status, error] of [
      [`/p/${portal.memberId}/rest/1/b24_wrong-key/crm.deal.get`, 401, 'INVALID_CREDENTIALS'],
      [`/p/${portal.memberId}/rest/crm.deal.get`, 401, 'INVALID_CREDENTIALS'],
      [`/p/nobody/rest/1/${key}/crm.deal.get`, 404, 'PORTAL_DELETED'],
      [`${narrow}/crm.deal.delete?id=1`, 403, 'insufficient_scope'],
      [`${narrow}/batch?cmd[a]=crm.deal.get%3Fid%3D1&cmd[b]=${sneaky}`, 403, 'insufficient_scope'],
      [`${rest}/crm.deal.list.xml`, 404, 'ERROR_METHOD_NOT_FOUND'],
      [`${rest}/a%20b`, 404, 'ERROR_METHOD_NOT_FOUND'],
      [`${rest}/crm.deal.list?a=%E9`, 400, 'INVALID_REQUEST'],
      [`${rest}/x/y/z`, 401, 'INVALID_CREDENTIALS'],
    ] as const) {
      const answer = await ask(path);
      expect([path, answer.status, answer.body.error]).toEqual([path, status, error]);
      expect(Object.keys(answer.body)).toEqual(['error', 'error_description']);
    }
    expect(portal.crm.deals.has(1)).toBe(true);
    portal.operating.charge('crm.deal.get', 450);
    await ask(`${rest}/crm.deal.get?id=1`);
    const spent = await ask(`${rest}/batch?cmd[a]=crm.deal.get%3Fid%3D1`);
    expect([spent.status, spent.body.error]).toEqual([429, 'OPERATION_TIME_LIMIT']);
    portal.faults.next('cut-after', { method: 'crm.deal.add' });
    const lost = await ask(`${rest}/crm.deal.add`, form);
    expect([lost.status, lost.body.error]).toEqual([504, 'ERROR_UNEXPECTED_ANSWER']);
    expect(portal.crm.deals.size).toBe(131);
  });

  it('has its key nowhere written down: not in the log, an error, the metrics or the audit', async () => {
    const paths = [
      `/p/${portal.memberId}/rest/1/${key}/crm.deal.add`,
      `/p/${portal.memberId}/rest/1/${key}/no.such.method`,
      `/p/${portal.memberId}/rest/1/${key}/%zz`,
      `/rest/1/${key}/x/y/z`,
      `/rest/${key}`,
      `/P/rest/1/${key}/x`,
      `/rest/1/${key}/${'x'.repeat(600)}`,
    ];
    const answers: string[] = [];
    for (const path of paths) {
      for (const method of ['GET', 'POST', 'DELETE']) {
        const answer = await fetch(`${client.url}${path}`, { method });
        answers.push(await answer.text(), JSON.stringify([...answer.headers]));
      }
    }
    const metrics = await client.get<string>('/metrics');
    const audit = await client.get('/v1/audit?limit=50');
    const reported = (audit.body.items as { action: string; ids: object }[]).filter(
      ({ action }) => action === 'callBySdk',
    );
    expect(reported.map(({ ids }) => ids)).toContainEqual({ method: 'crm.deal.add' });
    const seen = [...answers, metrics.body, JSON.stringify(audit.body), world.logLines.join('\n')];
    expect(seen.filter((text) => text.includes(key))).toEqual([]);
    expect(world.logLines.some((line) => line.includes('"route":"/p/:portal/rest/*"'))).toBe(true);
  });
});
