import { GatewayClient, type GatewayOptions, GatewayProblem } from './index';

interface FetchedCall {
  readonly url: string;
  readonly body: unknown;
  readonly headers: Headers;
}

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });
const lines = (...values: unknown[]) => new Response(values.map((it) => `${JSON.stringify(it)}\n`).join(''));
const problem = {
  type: 'urn:b24-gateway:problem:upstream_error',
  title: 't',
  status: 502,
  detail: 'd',
  code: 'upstream_error',
};

describe('typed calls', () => {
  let sent: FetchedCall[];
  let answers: Response[];

  const fetch: GatewayOptions['fetch'] = (url, { headers, body }) => {
    sent.push({ url, body: JSON.parse(body as string) as unknown, headers: new Headers(headers) });
    return Promise.resolve(answers.shift()!);
  };
  const client = () => new GatewayClient({ baseUrl: 'http://gw', key: 'k', fetch });

  beforeEach(() => {
    sent = [];
  });

  it('go to the portal by the call of the method, with parameters and options, and return its answer', async () => {
    answers = [json({ result: [{ ID: '1' }], total: 1 }), json({ result: 7 })];
    const acme = client().portal('acme');
    expect(await acme.call('crm.deal.list', { select: ['ID'] })).toEqual({ result: [{ ID: '1' }], total: 1 });
    expect((await acme.call('acme.count', undefined, { idempotencyKey: 'mine' })).result).toBe(7);
    expect(sent).toMatchObject([
      { url: 'http://gw/v1/portals/acme/call/crm.deal.list', body: { params: { select: ['ID'] } } },
      { url: 'http://gw/v1/portals/acme/call/acme.count', body: {} },
    ]);
    expect(sent[1]?.headers.get('Idempotency-Key')).toBe('mine');
  });

  it('stream the records of a list to its end', async () => {
    answers = [lines({ ID: '1' }, { ID: '2' }, { end: { records: 2 } })];
    const ids: unknown[] = [];
    for await (const { ID } of client()
      .portal('acme')
      .list('crm.deal.list', { select: ['ID'] }))
      ids.push(ID);
    expect(ids).toEqual(['1', '2']);
    expect(sent).toMatchObject([
      { url: 'http://gw/v1/portals/acme/list/crm.deal.list', body: { params: { select: ['ID'] } } },
    ]);
  });

  it('throw the problem of a list that broke off', async () => {
    answers = [lines({ ID: '1' }, { problem })];
    const records = client().portal('acme').list('crm.deal.list');
    expect(await records.next()).toEqual({ done: false, value: { ID: '1' } });
    await expect(records.next()).rejects.toBeInstanceOf(GatewayProblem);
  });

  it('run a batch and return its outcomes in order, failed ones as they are', async () => {
    answers = [
      json({
        results: [
          { ok: true, result: { ID: '1' } },
          { ok: false, problem },
        ],
      }),
    ];
    const commands = [{ method: 'crm.deal.get', params: { id: 1 } }, { method: 'acme.count' }] as const;
    const outcomes = await client()
      .portal('acme')
      .batch([...commands], { halt: true, idempotencyKey: 'mine' });
    expect(outcomes).toEqual([
      { ok: true, result: { ID: '1' } },
      { ok: false, problem },
    ]);
    expect(sent).toMatchObject([{ url: 'http://gw/v1/portals/acme/batch', body: { commands, halt: true } }]);
    expect(sent[0]?.headers.get('Idempotency-Key')).toBe('mine');
    expect(Object.keys(sent[0]?.body as object)).toEqual(['commands', 'halt']);
  });

  it('go to many portals at once, as a stream or as a job', async () => {
    const answered = [{ portal: { name: 'acme' }, result: [] }, { summary: { ok: 1, failed: 0, byCode: {}, ms: 3 } }];
    answers = [lines(...answered), json({ id: 'job1' }, 202)];
    const portals = client().portals(['acme']);
    const received: unknown[] = [];
    for await (const line of portals.call('crm.deal.list', { select: ['ID'] })) received.push(line);
    expect(received).toEqual(answered);
    expect(await portals.callAsJob('crm.deal.list')).toEqual({ id: 'job1' });
    expect(sent).toMatchObject([
      {
        url: 'http://gw/v1/fan-out',
        body: { portals: ['acme'], call: { method: 'crm.deal.list', params: { select: ['ID'] } } },
      },
      { url: 'http://gw/v1/fan-out', body: { portals: ['acme'], call: { method: 'crm.deal.list' } } },
    ]);
    expect(sent.map(({ headers }) => headers.get('Prefer'))).toEqual([null, 'respond-async']);
  });
});
