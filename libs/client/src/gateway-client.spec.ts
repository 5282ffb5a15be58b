import { HandClock, settle } from '../../../test/support/hand-clock';
import { GatewayClient, type GatewayOptions, GatewayProblem, isProblem, NoAnswer } from './index';

type StubAnswer = Response | Error | 'silence';
interface Sent {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: unknown;
  readonly redirect: unknown;
}

const json = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers });
const problem = (code: string, status: number, retryable: boolean, headers: Record<string, string> = {}) =>
  json(
    { type: `urn:b24-gateway:problem:${code}`, title: 't', status, detail: 'd', code, requestId: 'r1', retryable },
    status,
    {
      'Content-Type': 'application/problem+json; charset=utf-8',
      ...headers,
    },
  );
const text = (...chunks: string[]) => new Response(new Blob(chunks));
const backlog = { id: 1, groupId: 125, createdBy: 6, modifiedBy: 0 };
const adding = { portal: 'acme', body: { groupId: 125, createdBy: 6 } };
const reading = { portal: 'acme', groupId: 125 };

describe('a client of the gateway', () => {
  let clock: HandClock;
  let sent: Sent[];
  let answers: StubAnswer[];

  /** Answers in the order given, and stays silent afterwards. */
  const fetch: GatewayOptions['fetch'] = (url, { method = '', headers, body, redirect, signal }) => {
    const copy = new Headers(headers);
    sent.push({ url, method, headers: copy, body: body ? JSON.parse(body as string) : undefined, redirect });
    const answer = answers.shift() ?? 'silence';
    if (answer instanceof Response) return Promise.resolve(answer);
    if (answer instanceof Error) return Promise.reject(answer);
    return new Promise((_, reject) => {
      signal?.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
    });
  };
  const client = (more: Partial<GatewayOptions> = {}) =>
    new GatewayClient({ baseUrl: 'http://gw/base/', key: 'k', fetch, clock, random: () => 0, ...more });
  const header = (name: string) => sent.map(({ headers }) => headers.get(name));
  /** What it fails with, once it has. */
  const failureOf = (work: Promise<unknown>) =>
    work.then(
      () => undefined,
      (error: unknown) => error,
    );

  beforeEach(() => {
    clock = new HandClock();
    sent = [];
    answers = [];
  });

  it('puts what it is given where the document has it: path, query, body', async () => {
    answers = [json({ items: [] }), json(backlog, 201)];
    await client().listEpics({ portal: 'a/b c', groupId: 125, name: 'x&y', limit: 5 });
    await client().addBacklog(adding);
    expect(sent[0]).toMatchObject({
      url: 'http://gw/base/v1/portals/a%2Fb%20c/groups/125/epics?name=x%26y&limit=5',
      method: 'GET',
      body: undefined,
    });
    expect(sent[1]).toMatchObject({
      url: 'http://gw/base/v1/portals/acme/backlogs',
      method: 'POST',
      body: adding.body,
    });
    expect(header('Authorization')).toEqual(['Bearer k', 'Bearer k']);
  });

  it.each(['', '.', '..', undefined])(
    'sends nothing to a portal named %j, which would lead elsewhere',
    async (portal) => {
      const error = await failureOf(client().forgetPortal({ portal: portal! }));
      expect(error).toEqual(new TypeError('portal must be named.'));
      expect(sent).toHaveLength(0);
    },
  );

  it('gives each write a key of its own and keeps it over the retries, and gives reads none', async () => {
    answers = [new TypeError('reset'), problem('queue_full', 429, true, { 'Retry-After': '3' }), json(backlog, 201)];
    const added = client().addBacklog(adding);
    await clock.advance(500);
    expect(sent).toHaveLength(2);
    await clock.advance(2999);
    expect(sent).toHaveLength(2);
    await clock.advance(1);
    expect(await added).toEqual(backlog);
    const keys = header('Idempotency-Key');
    expect(keys[0]).toMatch(/^[\w-]{36}$/);
    expect(keys).toEqual([keys[0], keys[0], keys[0]]);
    answers = [json(backlog, 201), json(backlog), json(backlog, 201)];
    await client().addBacklog(adding);
    await client().getBacklog(reading);
    await client().addBacklog(adding, { idempotencyKey: 'mine' });
    const [, , , other, none, mine] = header('Idempotency-Key');
    expect([other === keys[0], none, mine]).toEqual([false, null, 'mine']);
  });

  it('goes again with the same key when the outcome of a write is not known and the gateway can settle it', async () => {
    answers = [problem('outcome_unknown', 504, true, { 'Retry-After': '60' }), json(backlog, 201)];
    const added = client().addBacklog(adding);
    await clock.advance(60_000);
    expect(await added).toEqual(backlog);
    expect(new Set(header('Idempotency-Key')).size).toBe(1);
  });

  it('tells of an unknown outcome that nothing settles, and does not send the write again', async () => {
    answers = [problem('outcome_unknown', 504, false)];
    const error = await failureOf(client().addStage({ portal: 'acme', sprintId: 1, body: { name: 'Doing' } }));
    expect(isProblem(error, 'outcome_unknown')).toBe(true);
    await clock.advance(100_000);
    expect(sent).toHaveLength(1);
  });

  it('goes no more often than its attempts, and tells the last failure with the key to go on with', async () => {
    answers = [new TypeError('1'), new TypeError('2'), new TypeError('3')];
    const failed = failureOf(client({ attempts: 2 }).addBacklog(adding));
    await clock.advance(100_000);
    const error = (await failed) as NoAnswer;
    expect(error).toBeInstanceOf(NoAnswer);
    expect((error.cause as Error).message).toBe('2');
    expect(error.idempotencyKey).toBe(header('Idempotency-Key')[0]);
    expect(sent).toHaveLength(2);
  });

  it('reads again when half an answer came', async () => {
    answers = [text('{"id":1,'), json(backlog)];
    const read = client().getBacklog(reading);
    await clock.advance(500);
    expect(await read).toEqual(backlog);
  });

  it('tells a problem by its code, status and request id', async () => {
    answers = [problem('backlog_already_exists', 409, false)];
    const error = await failureOf(client().addBacklog(adding));
    expect(error).toBeInstanceOf(GatewayProblem);
    expect(error).toMatchObject({ code: 'backlog_already_exists', status: 409, requestId: 'r1', retryable: false });
    expect(isProblem(error, 'queue_full', 'backlog_already_exists')).toBe(true);
    expect(isProblem(error, 'queue_full')).toBe(false);
    expect(isProblem(new Error('x'))).toBe(false);
  });

  it('takes the page of a proxy for no answer of the gateway, and follows it nowhere with its key', async () => {
    answers = [new Response('<html>', { status: 302, headers: { Location: 'http://elsewhere/' } })];
    expect(await failureOf(client().getBacklog(reading))).toMatchObject({ name: 'NoAnswer', status: 302 });
    expect(sent).toMatchObject([{ redirect: 'manual' }]);
  });

  describe('with a deadline', () => {
    it('tells the gateway at each attempt what is left of it', async () => {
      answers = [problem('store_unavailable', 503, true, { 'Retry-After': '4' }), json(backlog)];
      const read = client().getBacklog(reading, { deadlineMs: 10_000 });
      await clock.advance(4000);
      await read;
      expect(header('X-Deadline-Ms')).toEqual(['10000', '6000']);
    });

    it('names no more than the gateway takes', async () => {
      answers = [json(backlog)];
      await client({ deadlineMs: 3_600_000 }).getBacklog(reading);
      expect(header('X-Deadline-Ms')).toEqual(['120000']);
    });

    it('does not wait for what would come after it', async () => {
      answers = [problem('operating_time_spent', 429, true, { 'Retry-After': '600' })];
      const error = await failureOf(client({ deadlineMs: 30_000 }).getBacklog(reading));
      expect(error).toMatchObject({ code: 'operating_time_spent', retryAfterMs: 600_000 });
      expect(clock.pending).toBe(0);
    });

    it('waits a second longer for the gateway to tell of it, and then no more', async () => {
      const failed = failureOf(client().addBacklog(adding, { deadlineMs: 5000 }));
      await clock.advance(5999);
      expect(clock.pending).toBe(1);
      await clock.advance(1);
      expect(await failed).toMatchObject({ name: 'NoAnswer', idempotencyKey: header('Idempotency-Key')[0] });
      expect([sent.length, clock.pending]).toEqual([1, 0]);
    });
  });

  it('stops at its caller’s signal: before it goes, on its way, and between two attempts', async () => {
    const stop = new Error('stop');
    expect(await failureOf(client().getBacklog(reading, { signal: AbortSignal.abort(stop) }))).toBe(stop);
    expect(sent).toHaveLength(0);
    for (const first of ['silence', new TypeError('reset')] as const) {
      const controller = new AbortController();
      answers = [first];
      const failed = failureOf(client().getBacklog(reading, { signal: controller.signal }));
      await settle();
      controller.abort(stop);
      expect(await failed).toBe(stop);
      expect(clock.pending).toBe(0);
    }
    expect(sent).toHaveLength(2);
  });

  it('is one page when it is awaited, and every item of every page when it is iterated over', async () => {
    const pages = () => [
      json({ items: [1, 2], nextCursor: 'c&1' }),
      json({ items: [], nextCursor: 'c2' }),
      json({ items: [3] }),
    ];
    answers = pages().slice(0, 1);
    expect((await client().listEpics(reading)).items).toEqual([1, 2]);
    answers = pages();
    const all: unknown[] = [];
    for await (const epic of client().listEpics({ ...reading, limit: 2 })) all.push(epic);
    expect(all).toEqual([1, 2, 3]);
    expect(sent.slice(1).map(({ url }) => new URL(url).search)).toEqual([
      '?limit=2',
      '?limit=2&cursor=c%261',
      '?limit=2&cursor=c2',
    ]);
  });

  describe('reading a list', () => {
    const list = { portal: 'acme', method: 'crm.deal.list' };
    const gather = async (records: AsyncIterable<unknown>) => {
      const all: unknown[] = [];
      const error = await failureOf(
        (async () => {
          for await (const record of records) all.push(record);
        })(),
      );
      return { all, error };
    };

    it('gives its records, cut wherever the wire cuts them', async () => {
      answers = [text('{"ID":"', '1"}\n{"ID":"2"}', '\n', '{"end":{"records":2}}\n')];
      expect(await gather(client().records(list))).toEqual({ all: [{ ID: '1' }, { ID: '2' }], error: undefined });
      expect(sent[0]?.body).toEqual({});
    });

    it('takes no record for its end', async () => {
      answers = [text('{"end":{"records":9}}\n{"problem":{"type":"mine"}}\n{"end":{"records":2}}\n')];
      expect((await gather(client().records(list))).all).toHaveLength(2);
    });

    it('says where it broke off, and that it was cut', async () => {
      const problem = {
        type: 'urn:b24-gateway:problem:portal_error',
        code: 'portal_error',
        detail: 'd',
        retryable: true,
      };
      answers = [
        text('{"ID":"1"}\n', JSON.stringify({ problem }), '\n'),
        text('{"ID":"1"}\n'),
        text('{"ID":"1"}\n{"I'),
      ];
      const [broken, cut, torn] = [
        await gather(client().records(list)),
        await gather(client().records(list)),
        await gather(client().records(list)),
      ];
      expect([broken, cut, torn].map(({ all }) => all)).toEqual([[{ ID: '1' }], [{ ID: '1' }], [{ ID: '1' }]]);
      expect(broken.error).toMatchObject({ name: 'GatewayProblem', code: 'portal_error' });
      expect([cut.error, torn.error]).toMatchObject([{ name: 'NoAnswer' }, { name: 'NoAnswer' }]);
      expect(sent).toHaveLength(3);
    });

    it('goes again before its first record', async () => {
      answers = [new TypeError('reset'), text('{"end":{"records":0}}\n')];
      const gathered = gather(client().records(list));
      await clock.advance(500);
      expect((await gathered).error).toBeUndefined();
    });
  });

  it('hangs up on a stream that its reader leaves, and says when a line of one is cut', async () => {
    let hungUp = false;
    const line = new TextEncoder().encode('{"portal":{}}\n{"por');
    const endless = () =>
      new ReadableStream<Uint8Array>({
        pull: (controller) => {
          controller.enqueue(line.slice(0, 14));
        },
        cancel: () => void (hungUp = true),
      });
    answers = [new Response(endless()), text(new TextDecoder().decode(line))];
    const ask = () => client().fanOut({ body: { portals: 'all', call: { method: 'crm.deal.list' } } });
    for await (const reported of ask()) {
      expect(reported).toEqual({ portal: {} });
      break;
    }
    expect(hungUp).toBe(true);
    const cut = ask();
    expect((await cut.next()).value).toEqual({ portal: {} });
    expect(await failureOf(cut.next())).toMatchObject({ name: 'NoAnswer' });
  });

  it('sends a streamed fan-out once: it takes no key', async () => {
    answers = [problem('store_unavailable', 503, true)];
    const lines = client().fanOut({ body: { portals: 'all', call: { method: 'crm.deal.list' } } });
    expect(await failureOf(lines.next())).toMatchObject({ code: 'store_unavailable' });
    expect([sent.length, header('Idempotency-Key')[0]]).toEqual([1, null]);
  });

  describe('waiting for a job', () => {
    const job = (state: string, more = {}) => ({
      id: 'j',
      kind: 'batch',
      state,
      progress: {},
      createdAt: 'x',
      ...more,
    });

    it('asks when it is told to, a second later where it is not, and comes to the job that is over', async () => {
      answers = [json(job('queued'), 200, { 'Retry-After': '5' }), json(job('running')), json(job('done'))];
      const finished = client().finished('j');
      await clock.advance(4999);
      expect(sent).toHaveLength(1);
      await clock.advance(1);
      expect(sent).toHaveLength(2);
      await clock.advance(1000);
      expect((await finished).state).toBe('done');
    });

    it('fails with the problem of a job that could not go on', async () => {
      const { problem: why } = { problem: { code: 'key_expired', detail: 'd', retryable: false } };
      answers = [json(job('failed', { problem: why }))];
      expect(await failureOf(client().finished('j'))).toMatchObject({ code: 'key_expired' });
    });

    it('ends at its caller’s signal', async () => {
      answers = [json(job('running'))];
      const controller = new AbortController();
      const failed = failureOf(client().finished('j', { signal: controller.signal }));
      await settle();
      controller.abort(new Error('enough'));
      expect(await failed).toMatchObject({ message: 'enough' });
      expect(clock.pending).toBe(0);
    });
  });
});
