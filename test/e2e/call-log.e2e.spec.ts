import { inflateRawSync } from 'node:zlib';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { eventually, HttpClient, World } from '../support/gateway';

interface CallView {
  readonly id: string;
  readonly client: string;
  readonly method: string;
  readonly operation?: string;
  readonly code: string;
  readonly requestId?: string;
  readonly tookMs: number;
  readonly queueMs: number;
  readonly upstreamMs: number;
}

describe('the call log', () => {
  let world: World;
  let admin: HttpClient;
  let other: HttpClient;
  let acme: SimulatedPortal;
  let globex: SimulatedPortal;

  beforeAll(async () => {
    world = await World.start();
    admin = await world.gateway();
    other = await world.gateway();
    const wide = { burst: 1000, drainPerSecond: 100, groups: [125, 126] };
    acme = await world.installed(admin, wide);
    globex = await world.installed(admin, wide);
  });
  afterEach(() => {
    acme.faults.clear();
  });
  afterAll(() => world.stop());

  const made = async (more: object) => {
    const { body } = await admin.call('POST', '/v1/clients', { name: 'planning', scopes: ['call'], ...more });
    return { id: body.id as string, client: new HttpClient(admin.url, body.key as string) };
  };
  const user = (portal: SimulatedPortal) => `/v1/portals/${portal.memberId}/call/user.get`;
  const named = (requestId: string) => ({ 'X-Request-Id': requestId });
  const find = async (query: string, client = admin) =>
    (await client.get(`/v1/calls?${query}`)).body.items as CallView[];
  /** The calls of a request, as soon as there are so many. */
  const callsOf = async (requestId: string, count = 1, client = admin) => {
    let found: CallView[] = [];
    await eventually(async () => (found = await find(`requestId=${requestId}`, client)).length >= count);
    return found;
  };
  const lineOf = (requestId: string) => {
    const lines = world.logLines.map((line) => JSON.parse(line) as Record<string, unknown>);
    return lines.find((line) => line['reqId'] === requestId && line['msg'] === 'request');
  };

  it('holds a call of any replica, with its times and its request, on every replica', async () => {
    const { id, client } = await made({});
    await client.call('POST', user(acme), {}, named('one-call'));
    const [call] = await callsOf('one-call', 1, other);
    expect(call).toEqual({
      ...{
        id: expect.stringMatching(/^[0-9a-f]{12}-\d+$/),
        at: expect.any(String),
        client: id,
        clientName: 'planning',
      },
      ...{ portal: acme.memberId, method: 'user.get', operation: 'callMethod', status: 200, code: 'ok' },
      ...{ requestId: 'one-call', tookMs: expect.any(Number), queueMs: expect.any(Number) },
      ...{ upstreamMs: expect.any(Number), commands: 1, retries: 0 },
    });
    expect(call!.tookMs).toBeGreaterThanOrEqual(call!.queueMs + call!.upstreamMs - 2);
    expect(lineOf('one-call')).toMatchObject({ portal: acme.memberId, b24Method: 'user.get', client: id, status: 200 });
  });

  it('holds what the portal said of a call that it refused, and never a parameter', async () => {
    const { client } = await made({});
    const params = { params: { secretWord: 'xyzzy-parameter' } };
    await client.call('POST', `/v1/portals/${acme.memberId}/call/no.such.method`, params, named('refused-call'));
    const [call] = await callsOf('refused-call');
    expect(call).toMatchObject({ code: 'method_not_found', upstream: { error: 'ERROR_METHOD_NOT_FOUND' } });
    expect(lineOf('refused-call')).toMatchObject({ b24Method: 'no.such.method', code: 'method_not_found' });
    const redis = world.redis.client();
    const all = await Promise.all((await redis.keys('{b24:calls}:*:blocks')).map((key) => redis.hgetallBuffer(key)));
    redis.disconnect();
    const blocks = all.flatMap((it) => Object.values(it));
    const text = blocks.map((it) => inflateRawSync(it.subarray(5, 5 + it.readUInt32BE(1))).toString()).join();
    expect(text).toContain('no.such.method');
    expect(text).not.toContain('xyzzy');
    expect(JSON.stringify(call)).not.toContain('xyzzy');
  });

  it('holds a call that was not allowed, which never reached the portal', async () => {
    const { client } = await made({ methods: ['crm.*'] });
    await client.call('POST', user(acme), {}, named('denied-call'));
    expect(await callsOf('denied-call')).toMatchObject([
      { code: 'not_allowed', status: 403, commands: 0, queueMs: 0, upstreamMs: 0 },
    ]);
  });

  it('counts the retries of a call', async () => {
    const { client } = await made({});
    acme.faults.next('QUERY_LIMIT_EXCEEDED', { times: 1 });
    await client.call('POST', user(acme), {}, named('repeated-call'));
    expect(await callsOf('repeated-call')).toMatchObject([{ code: 'ok', retries: 1 }]);
  });

  it('holds each command of a batch and each portal of a fan-out under the id of its request', async () => {
    const { client } = await made({});
    const commands = [{ method: 'user.get' }, { method: 'user.current' }];
    await client.call('POST', `/v1/portals/${acme.memberId}/batch`, { commands }, named('one-batch'));
    const inBatch = await callsOf('one-batch', 2);
    expect(inBatch.map(({ method }) => method).sort()).toEqual(['user.current', 'user.get']);
    expect(lineOf('one-batch')).toMatchObject({ portal: acme.memberId, calls: 2 });
    const portals = [acme.memberId, globex.memberId];
    await client.call('POST', '/v1/fan-out', { portals, call: { method: 'user.get' } }, named('one-fan-out'));
    expect((await callsOf('one-fan-out', 2)).map(({ operation }) => operation)).toEqual(['fanOut', 'fanOut']);
  });

  it('is filtered, page by page', async () => {
    const { id, client } = await made({});
    for (const portal of [acme, globex, acme]) await client.call('POST', user(portal), {}, named('filtered'));
    await client.call('POST', `/v1/portals/${acme.memberId}/call/no.such.method`, {}, named('filtered'));
    await callsOf('filtered', 4);
    const own = `client=${id}`;
    expect(await find(`${own}&portal=${acme.memberId}`)).toHaveLength(3);
    expect(await find(`${own}&portal=${globex.memberId}`)).toHaveLength(1);
    expect(await find(`${own}&method=user.get`)).toHaveLength(3);
    expect(await find(`${own}&failed=true`)).toHaveLength(1);
    expect(await find(`${own}&code=method_not_found`)).toHaveLength(1);
    expect(await find(`${own}&until=2020-01-01T00:00:00Z`)).toEqual([]);
    expect(await find(`${own}&since=2020-01-01T00:00:00Z`)).toHaveLength(4);
    const { body: first } = await admin.get(`/v1/calls?${own}&limit=3`);
    const { body: second } = await admin.get(`/v1/calls?${own}&limit=3&cursor=${first.nextCursor}`);
    expect([first.items.length, second.items.length, first.recorded]).toEqual([3, 1, true]);
    for (const query of ['cursor=x', 'client=%20', 'code=x', 'failed=1', 'since=x', 'portal=nobody'])
      expect((await admin.get(`/v1/calls?${query}`)).status).toBeGreaterThanOrEqual(400);
  });

  it('shows a key the calls to its own portals only', async () => {
    const { client } = await made({});
    for (const portal of [acme, globex]) await client.call('POST', user(portal), {}, named('of-both'));
    await callsOf('of-both', 2);
    const reader = (await made({ scopes: ['calls:read'], portals: [globex.memberId] })).client;
    expect(await find('requestId=of-both', reader)).toMatchObject([{ portal: globex.memberId }]);
    expect((await find('limit=200', reader)).every((it) => 'portal' in it && it.portal === globex.memberId)).toBe(true);
    expect(await reader.get(`/v1/calls?portal=${acme.memberId}`)).toMatchObject({
      status: 404,
      body: { code: 'portal_not_found' },
    });
    expect((await client.get('/v1/calls')).body.code).toBe('not_allowed');
    expect((await client.get('/v1/calls/tail')).body.code).toBe('not_allowed');
  });

  it('is followed by a reader, who sees only the calls to its portals, until its key is deleted', async () => {
    const { client } = await made({});
    const { id, client: reader } = await made({ scopes: ['calls:read'], portals: [globex.memberId] });
    const response = await fetch(`${other.url}/v1/calls/tail?seconds=600`, {
      headers: { Authorization: `Bearer ${reader.key}` },
    });
    expect(response.headers.get('content-type')).toContain('application/x-ndjson');
    let text = '';
    const ended = (async () => {
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) text += chunk;
    })();
    let calls = 0;
    await eventually(async () => {
      for (const portal of [acme, globex]) await client.call('POST', user(portal), {}, named(`followed-${++calls}`));
      return text.includes('followed-');
    });
    const shown = text.split('\n').filter(Boolean);
    for (const line of shown) expect(JSON.parse(line)).toMatchObject({ portal: globex.memberId });
    await admin.call('DELETE', `/v1/clients/${id}`);
    await ended;
  });

  it('is whole after a replica has stopped', async () => {
    const { client } = await made({});
    const leaving = await world.gateway();
    const gateway = world.newest;
    await Promise.all(
      Array.from({ length: 20 }, () =>
        new HttpClient(leaving.url, client.key).call('POST', user(acme), {}, named('last')),
      ),
    );
    await gateway.close();
    expect(await find('requestId=last')).toHaveLength(20);
  });

  it('is empty and says so while CALL_LOG_MIB is 0', async () => {
    const silent = await world.gateway({ CALL_LOG_MIB: '0' });
    const { client } = await made({});
    await new HttpClient(silent.url, client.key).call('POST', user(acme), {}, named('unlogged'));
    await world.newest.close();
    expect(await find('requestId=unlogged')).toEqual([]);
    const off = await world.gateway({ CALL_LOG_MIB: '0' });
    expect((await off.get('/v1/calls?limit=1')).body.recorded).toBe(false);
  });
});
