import { Fault, type FaultCode, type FaultOptions } from '@b24/portal';
import type { IdempotentWrite, RecordedAnswer, UnknownOutcome, WriteAttempt, WriteAnswer } from '@b24/idempotency';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { idempotentWriteOf, keyOfWrite, type RetryBehaviour, writeOnce } from './idempotent-write';

const upstream = { method: 'm', status: 400, error: 'X', description: '' };
const unknownInStore: RetryBehaviour = { kind: 'unknown', advice: 'Look.', writesTo: 'store' };
const unknownOnPortal: RetryBehaviour = { kind: 'unknown', advice: 'Look.', writesTo: 'portal', orJob: true };
const settled: RetryBehaviour = { kind: 'settled' };
const gone: RetryBehaviour = { kind: 'gone', code: 'stage_not_found' };

describe('the key of a write', () => {
  const keyOf = (headers: Record<string, string>, onRetry: RetryBehaviour = settled, isRead = false) =>
    keyOfWrite({ headers, scope: { isRead } } as unknown as FastifyRequest, onRetry);

  it.each<
    [what: string, headers: Record<string, string>, onRetry: RetryBehaviour, isRead: boolean, key: string | undefined]
  >([
    ['counts', { 'idempotency-key': 'k' }, settled, false, 'k'],
    ['counts without its quotes', { 'idempotency-key': '"k"' }, settled, false, 'k'],
    ['is none', {}, settled, false, undefined],
    ['does not count for a read', { 'idempotency-key': 'k' }, settled, true, undefined],
    ['is that of a job', { 'idempotency-key': 'k', prefer: 'respond-async' }, unknownOnPortal, false, undefined],
    ['counts for what makes no job', { 'idempotency-key': 'k', prefer: 'respond-async' }, unknownInStore, false, 'k'],
    ['counts for what waits', { 'idempotency-key': 'k' }, unknownOnPortal, false, 'k'],
  ])('%s: %j', (_what, headers, onRetry, isRead, key) => {
    expect(keyOf(headers, onRetry, isRead)).toBe(key);
  });

  it('is refused if it is malformed, also for a read', () => {
    const refused = expect.objectContaining({ code: 'invalid_request' }) as Error;
    for (const isRead of [true, false])
      expect(() => keyOf({ 'idempotency-key': '' }, settled, isRead)).toThrow(refused);
  });
});

describe('the identity of a write', () => {
  const write = { method: 'POST', url: '/v1/x', body: { a: 1, b: [2] } };
  const of = (change: Partial<typeof write> = {}, client = 'c', key = 'k') =>
    idempotentWriteOf({ ...write, ...change }, client, key);

  it('has a name by its client and key, a fingerprint by its request, and a holder of its own', () => {
    const [first, second] = [of(), of()];
    expect([first.client, first.name, first.fingerprint]).toEqual(['c', second.name, second.fingerprint]);
    expect(first.holder === second.holder).toBe(false);
    expect([first.name, first.fingerprint]).toEqual([
      expect.stringMatching(/^[0-9a-f]{64}$/),
      expect.stringMatching(/^[0-9a-f]{64}$/),
    ]);
    for (const other of [of({}, 'd'), of({}, 'c', 'l')])
      expect([other.name === first.name, other.fingerprint === first.fingerprint]).toEqual([false, true]);
  });

  it.each<[change: Partial<FastifyRequest>, isSame: boolean]>([
    [{ body: { b: [2], a: 1 } }, true],
    [{ body: { a: 1, b: [3] } }, false],
    [{ body: undefined }, false],
    [{ method: 'PUT' }, false],
    [{ url: '/v1/y' }, false],
  ])('changes with the request: %j is the same: %s', (change, isSame) => {
    expect(of(change as Partial<typeof write>).fingerprint === of().fingerprint).toBe(isSame);
  });

  it('is the same without a body and with null', () => {
    expect(of({ body: undefined as never }).fingerprint).toBe(of({ body: null as never }).fingerprint);
  });
});

describe('a write with an idempotency key', () => {
  let replyHeaders: Record<string, unknown>;
  let replyStatus: number;
  let runs: number;
  let isSettling: boolean | undefined;
  let claimed: IdempotentWrite | undefined;
  /** What an earlier attempt left. */
  let unknownOutcome: UnknownOutcome | undefined;
  let recorded: RecordedAnswer | undefined;
  /** What the write is recorded with. */
  let answered: WriteAnswer | undefined;
  let request: FastifyRequest;

  beforeEach(() => {
    replyHeaders = {};
    replyStatus = 201;
    runs = 0;
    [isSettling, claimed, unknownOutcome, recorded, answered] = [undefined, undefined, undefined, undefined, undefined];
    const signal = new AbortController().signal;
    const once = {
      run: async (
        write: IdempotentWrite,
        _wait: unknown,
        work: (attempt: WriteAttempt) => Promise<WriteAnswer>,
        settles: boolean,
      ) => {
        [claimed, isSettling] = [write, settles];
        if (recorded) return { answer: recorded, replayed: true };
        answered = await work({ signal, ...(unknownOutcome && { unknownOutcome }) });
        return { answer: answered, replayed: false };
      },
    };
    const caller = { client: { id: 'c_1' }, signal, requestId: 'r1', deadlineAtMs: 0 };
    request = {
      id: 'r1',
      method: 'POST',
      url: '/v1/x',
      body: {},
      headers: {},
      scope: { caller, once },
    } as unknown as FastifyRequest;
  });

  const write = (run: () => unknown, onRetry: RetryBehaviour = settled) => {
    const reply = {
      get statusCode() {
        return replyStatus;
      },
      getHeader: (name: string) => replyHeaders[name],
      header: (name: string, value: unknown) => (replyHeaders[name] = value),
      status: (status: number) => {
        replyStatus = status;
        return reply;
      },
      headers: (more: object) => Object.assign(replyHeaders, more),
    };
    return writeOnce({ request, reply: reply as unknown as FastifyReply, key: 'k', onRetry }, () => (runs++, run()));
  };
  const fail =
    (code: FaultCode, options: FaultOptions = {}) =>
    () =>
      Promise.reject(new Fault(code, options));

  it('is answered as it was recorded', async () => {
    replyHeaders['Location'] = '/v1/x/1';
    expect(await write(() => Promise.resolve({ id: 1 }))).toBe('{"id":1}');
    const headers = { 'Content-Type': 'application/json; charset=utf-8', Location: '/v1/x/1' };
    expect(answered).toEqual({ status: 201, headers, body: '{"id":1}' });
    expect([replyStatus, replyHeaders]).toEqual([201, headers]);
    expect(claimed).toMatchObject({ client: 'c_1', name: idempotentWriteOf(request, 'c_1', 'k').name });
  });

  it('has no body and no type if there is nothing to say', async () => {
    replyHeaders['Location'] = 5;
    replyStatus = 204;
    expect(await write(() => undefined)).toBeUndefined();
    expect(answered).toEqual({ status: 204, headers: {}, body: '' });
  });

  it('knows its attempt while it runs', async () => {
    unknownOutcome = { mayRunForMs: 5 };
    await write(() => {
      expect(request.scope.attempt).toMatchObject({ unknownOutcome });
    });
    expect(runs).toBe(1);
  });

  it.each<[onRetry: RetryBehaviour, settles: boolean]>([
    [settled, true],
    [{ kind: 'repeated' }, true],
    [gone, true],
    [unknownInStore, false],
    [unknownOnPortal, false],
  ])('says whether a later attempt settles it: %j %s', async (onRetry, settles) => {
    await write(() => undefined, onRetry);
    expect(isSettling).toBe(settles);
  });

  it('is replayed, and says so', async () => {
    recorded = { status: 202, headers: { Location: '/v1/y' }, body: '{"id":2}' };
    expect(await write(() => ({ id: 3 }))).toBe('{"id":2}');
    expect([runs, replyStatus, replyHeaders]).toEqual([0, 202, { Location: '/v1/y', 'Idempotent-Replayed': 'true' }]);
  });

  it.each([
    ['too_large', 'was too large to be kept'],
    ['budget_spent', 'found no room in the storage of this key'],
  ] as const)('whose answer was not stored (%s) is a problem that says where to look', async (why, reason) => {
    recorded = { status: 201, headers: { Location: '/v1/y' }, notStored: why };
    const problem = JSON.parse((await write(() => undefined)) ?? '') as object;
    expect(problem).toMatchObject({
      code: 'answer_not_stored',
      requestId: 'r1',
      detail: expect.stringContaining(reason) as string,
    });
    expect((problem as { detail: string }).detail).toContain('answered with status 201');
    expect(replyStatus).toBe(new Fault('answer_not_stored').status);
    expect(replyHeaders).toMatchObject({
      Location: '/v1/y',
      'Content-Type': expect.stringContaining('problem+json') as string,
    });
  });

  it('that the portal refuses is recorded as a problem', async () => {
    const body = await write(fail('access_denied', { upstream }));
    expect(JSON.parse(body ?? '')).toMatchObject({ code: 'access_denied', requestId: 'r1', retryable: false });
    expect(answered).toMatchObject({
      status: 403,
      headers: { 'Content-Type': expect.stringContaining('problem+json') as string },
    });
  });

  it.each<[what: string, code: FaultCode, onRetry: RetryBehaviour, isUnknown: boolean, expected: FaultCode]>([
    ['was not executed', 'queue_full', settled, false, 'queue_full'],
    ['was lost', 'outcome_unknown', settled, false, 'outcome_unknown'],
    ['may be in the store, which is away', 'store_unavailable', unknownInStore, false, 'outcome_unknown'],
    ['was not sent, because the store is away', 'store_unavailable', unknownOnPortal, false, 'store_unavailable'],
    [
      'was not sent, because the store is away, and can be settled',
      'store_unavailable',
      settled,
      false,
      'store_unavailable',
    ],
    ['failed for another reason than the store', 'queue_full', unknownInStore, false, 'queue_full'],
    ['finds nothing to delete at the first attempt', 'stage_not_found', gone, false, 'stage_not_found'],
    ['is refused otherwise than for nothing left', 'queue_full', gone, true, 'queue_full'],
  ])('that %s fails, and is not recorded: %s', async (_what, code, onRetry, isUnknown, expected) => {
    if (isUnknown) unknownOutcome = { mayRunForMs: 0 };
    await expect(write(fail(code), onRetry)).rejects.toMatchObject({ code: expected });
    expect(answered).toBeUndefined();
  });

  it('whose outcome can’t be found out is not run once more, and says what to do', async () => {
    unknownOutcome = { mayRunForMs: 0 };
    for (const onRetry of [unknownInStore, unknownOnPortal])
      await expect(write(() => undefined, onRetry)).rejects.toMatchObject({
        code: 'outcome_unknown',
        message: 'Look.',
      });
    expect(runs).toBe(0);
  });

  it('that finds nothing left to delete at a later attempt was done', async () => {
    unknownOutcome = { mayRunForMs: 0 };
    replyStatus = 204;
    expect(await write(fail('stage_not_found', { upstream }), gone)).toBeUndefined();
    expect(answered).toEqual({ status: 204, headers: {}, body: '' });
  });

  it('reports an unexpected error as such', async () => {
    await expect(write(() => Promise.reject(new TypeError('bug')))).rejects.toMatchObject({ code: 'internal_error' });
  });
});
