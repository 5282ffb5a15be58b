import { randomUUID } from 'node:crypto';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { HttpClient, World } from '../support/gateway';

interface Item {
  readonly ok: boolean;
  readonly result?: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- whatever a method returns
  readonly total?: number;
  readonly problem?: { code: string; retryable: boolean; upstream?: object };
}

describe('a batch of a caller', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;

  const add = (title: string) => ({ method: 'crm.deal.add', params: { fields: { TITLE: title } } });
  const get = (id: number) => ({ method: 'crm.deal.get', params: { id } });
  const run = (commands: object[], more: object = {}, headers?: Record<string, string>, by = client) =>
    by.call<{ results: Item[]; code?: string; errors?: { path: string }[] }>(
      'POST',
      `/v1/portals/${portal.memberId}/batch`,
      { commands, ...more },
      headers,
    );
  const codes = (results: Item[]) => results.map(({ problem }) => problem?.code ?? 'ok');
  const requests = () => portal.requests.filter(({ batchOf }) => batchOf === undefined);
  const titles = () => [...portal.crm.deals.values()].map((deal) => deal['TITLE']);
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

  beforeAll(async () => {
    world = await World.start({ scope: ['task', 'crm'] });
    client = await world.gateway({ B24_CALL_LIMIT_MS: '0' });
  });
  beforeEach(async () => {
    portal = await world.installed(client);
    portal.requests.length = 0;
  });
  afterAll(() => world.stop());

  it('of reads only has each its own answer in its place, in far fewer requests', async () => {
    portal.crm.addDeals(499);
    portal.requests.length = 0;
    const { status, body } = await run(numbers(500).map(get));
    expect(status).toBe(200);
    expect(body.results.slice(0, 499).map(({ result }) => Number(result.ID))).toEqual(numbers(499));
    expect(body.results[499]).toMatchObject({ ok: false, problem: { code: 'rejected_by_portal', retryable: false } });
    expect(requests().length).toBeLessThan(100);
    expect(portal.refusedByBucket).toBe(0);
  });

  it('shares its reads’ requests with other callers, and keeps its writes to itself', async () => {
    portal.crm.addDeals(10);
    await Promise.all([run([add('a'), get(1)]), run([get(2)]), run([add('b'), add('c')])]);
    for (const { id, params } of requests().filter(({ method }) => method === 'batch')) {
      const inside = portal.requests.filter(({ batchOf }) => batchOf === id).map(({ method }) => method);
      if (inside.includes('crm.deal.add')) expect(Object.keys(params['cmd'] as object)).toHaveLength(2);
    }
  });

  it('that writes is run in its order, fifty in a request', async () => {
    const { body } = await run(numbers(120).map((n) => add(`deal ${n}`)));
    expect(codes(body.results)).toEqual(numbers(120).map(() => 'ok'));
    expect(titles()).toEqual(numbers(120).map((n) => `deal ${n}`));
    expect(body.results.map(({ result }) => result)).toEqual(numbers(120));
    expect(requests().map(({ method }) => method)).toEqual(['batch', 'batch', 'batch']);
  });

  it('takes references for text, which goes alone and in its place', async () => {
    const given = ['one', '$result[c0] $total', 'three', '${x}'];
    await run(given.map(add));
    expect(titles()).toEqual(given);
    expect(requests().map(({ method }) => method)).toEqual(Array(4).fill('crm.deal.add'));
  });

  it('that asks for references is one request in which its commands know each other by name or by place', async () => {
    const named = await run(
      [
        { name: 'made', ...add('first') },
        { name: 'read', method: 'crm.deal.get', params: { id: '$result[made]' } },
      ],
      { references: true },
    );
    expect(named.body.results[1]?.result).toMatchObject({ ID: '1', TITLE: 'first' });
    const placed = await run([add('second'), { method: 'crm.deal.get', params: { id: '$result[0]' } }], {
      references: true,
    });
    expect(placed.body.results.map(({ result }) => result)).toEqual([2, expect.objectContaining({ ID: '2' })]);
    expect(requests().map(({ method }) => method)).toEqual(['batch', 'batch']);
  });

  it('that asks for references says what it can’t take', async () => {
    const twice = { name: 'a', ...get(1) };
    for (const [commands, path] of [
      [numbers(51).map(get), 'commands'],
      [[twice, twice], 'commands'],
      [[twice, get(1)], 'commands'],
      [[{ method: 'crm.deal.get', params: { id: null } }], 'commands.0.params'],
    ] as const) {
      const { status, body } = await run([...commands], { references: true });
      expect([status, body.errors?.[0]?.path]).toEqual([400, path]);
    }
    expect(portal.requests).toEqual([]);
  });

  it('that halts runs nothing after the first refusal, and says of the rest that it was not run', async () => {
    const commands = [add('a'), get(999), ...numbers(100).map((n) => add(`late ${n}`))];
    const { body } = await run(commands, { halt: true });
    expect(codes(body.results)).toEqual(['ok', 'rejected_by_portal', ...numbers(100).map(() => 'command_not_run')]);
    expect(body.results[2]?.problem).toMatchObject({ retryable: true });
    expect(titles()).toEqual(['a']);
  });

  it('sends again in order what the portal did not come to, and nothing else', async () => {
    portal.faults.next('unrun', { method: 'batch', ranOnly: 5 });
    portal.faults.next('unrun', { method: 'batch', ranOnly: 0 });
    const { body } = await run(numbers(20).map((n) => add(`deal ${n}`)));
    expect(codes(body.results)).toEqual(numbers(20).map(() => 'ok'));
    expect(titles()).toEqual(numbers(20).map((n) => `deal ${n}`));
  });

  it('ends where the outcome of a request is unknown, and sends none of it again', async () => {
    portal.faults.next('cut-after', { method: 'batch', skip: 1 });
    const { body } = await run(numbers(150).map((n) => add(`deal ${n}`)));
    const expected = [
      ...Array<string>(50).fill('ok'),
      ...Array<string>(50).fill('outcome_unknown'),
      ...Array<string>(50).fill('command_not_run'),
    ];
    expect(codes(body.results)).toEqual(expected);
    expect(titles()).toEqual(numbers(100).map((n) => `deal ${n}`));
  });

  it('goes one by one, still in order, while the portal takes no batches', async () => {
    portal.faults.next('OPERATION_TIME_LIMIT', { method: 'batch', level: 'request' });
    const { body } = await run(numbers(5).map((n) => add(`deal ${n}`)));
    expect(codes(body.results)).toEqual(Array(5).fill('ok'));
    expect(titles()).toEqual(numbers(5).map((n) => `deal ${n}`));
  });

  it('holds a method whose operating time is spent, also inside, and runs the others', async () => {
    portal.operating.charge('crm.deal.add', 450);
    await run([add('reports 450 s'), get(1)]);
    const { body } = await run([add('x'), get(1), { method: 'crm.deal.update', params: { id: 1 } }]);
    expect(codes(body.results)).toEqual(['operating_time_spent', 'ok', 'ok']);
    expect(titles()).toEqual(['reports 450 s']);
  });

  it('is checked whole against the key’s methods before any of it is sent', async () => {
    const made = await client.call('POST', '/v1/clients', {
      name: 'reader',
      scopes: ['call'],
      methods: ['crm.deal.get', 'crm.deal.add'],
    });
    const reader = new HttpClient(client.url, made.body.key as string);
    const refused = await run([add('x'), { method: 'crm.deal.delete', params: { id: 1 } }], {}, {}, reader);
    expect(refused.body.code).toBe('not_allowed');
    expect(portal.requests).toEqual([]);
    expect((await run([add('x'), get(1)], {}, {}, reader)).status).toBe(200);
  });

  it('of which nothing could be sent is told so as a whole, and its Idempotency-Key stays free', async () => {
    const key = { 'Idempotency-Key': randomUUID() };
    const suspend = (suspended: boolean) => client.call('PATCH', `/v1/portals/${portal.memberId}`, { suspended });
    await suspend(true);
    const failed = await run([add('a'), add('b')], {}, key);
    expect([failed.status, failed.body.code]).toEqual([409, 'portal_suspended']);
    await suspend(false);
    expect((await run([add('a'), add('b')], {}, key)).status).toBe(200);
    expect(titles()).toEqual(['a', 'b']);
  });

  it('with an Idempotency-Key is run once and told again', async () => {
    const key = { 'Idempotency-Key': randomUUID() };
    const first = await run([add('a'), get(1)], {}, key);
    const again = await run([add('a'), get(1)], {}, key);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.body).toEqual(first.body);
    expect(titles()).toEqual(['a']);
  });

  it('may be larger than any other request', async () => {
    const { status } = await run(numbers(400).map((n) => add(`${n} ${'x'.repeat(1000)}`)));
    expect(status).toBe(200);
    expect(titles()).toHaveLength(400);
    expect((await run([add('x'.repeat(3_000_000)), get(1)])).status).toBe(200);
    expect(titles().at(-1)).toHaveLength(3_000_000);
  });
});
