import { Fault, Secret } from '@b24/portal';
import { HandClock, settle } from '../../../test/support/hand-clock';
import { MemoryStorage } from '../../../test/support/memory-storage';
import type { AcquireResult, IdempotencyRecords, IdempotentWrite } from './idempotency-records';
import {
  IdempotencyRunner,
  maxAnswerBytes,
  recordBytes,
  type WriteAnswer,
  type WriteAttempt,
} from './idempotency-runner';
import type { UnknownOutcome } from './settle-write';

const callLimitMs = 30_000;
const renewEveryMs = 2000;
const write: IdempotentWrite = { client: 'c', name: 'w', fingerprint: 'f', holder: 'h' };
const stored: WriteAnswer = { status: 201, headers: {}, body: '{"id":1}' };
const inProgress: AcquireResult = { kind: 'in_progress' };

/** Records that give the results in turn, the last one from then on. */
class ScriptedRecords implements IdempotencyRecords {
  readonly acquiredAtMs: number[] = [];
  readonly unknown: UnknownOutcome[] = [];
  results: AcquireResult[] = [{ kind: 'acquired' }];
  renewed: boolean | Fault = true;
  released = 0;
  renewals = 0;
  readonly completed: string[] = [];
  completing: () => Promise<void> = () => Promise.resolve();

  constructor(private readonly clock: HandClock) {}

  acquire(): Promise<AcquireResult> {
    this.acquiredAtMs.push(this.clock.now());
    const [next] = this.results.length > 1 ? this.results.splice(0, 1) : this.results;
    return Promise.resolve(next ?? inProgress);
  }

  renew(): Promise<boolean> {
    this.renewals++;
    return this.renewed instanceof Fault ? Promise.reject(this.renewed) : Promise.resolve(this.renewed);
  }

  complete(_write: IdempotentWrite, answer: Secret): Promise<void> {
    this.completed.push(answer.reveal());
    return this.completing();
  }

  markUnknown(_write: IdempotentWrite, outcome: UnknownOutcome): Promise<void> {
    this.unknown.push(outcome);
    return Promise.resolve();
  }

  release(): Promise<boolean> {
    this.released++;
    return Promise.resolve(true);
  }
}

describe('an attempt at a write', () => {
  let clock: HandClock;
  let records: ScriptedRecords;
  let storage: MemoryStorage;
  let caller: AbortController;
  let startMs: number;
  let runner: IdempotencyRunner;

  beforeEach(() => {
    clock = new HandClock();
    startMs = clock.now();
    records = new ScriptedRecords(clock);
    storage = new MemoryStorage();
    caller = new AbortController();
    runner = new IdempotencyRunner({ records, storage, clock, callLimitMs, renewEveryMs });
  });

  const run = (work: (attempt: WriteAttempt) => Promise<WriteAnswer>, settles = true) => {
    const wait = { signal: caller.signal, deadlineAtMs: startMs + 60_000 };
    const running = runner.run(write, wait, work, settles).then(
      (it) => it,
      (fault: unknown) => fault as Fault,
    );
    return running;
  };
  const succeed = () => Promise.resolve(stored);

  it('with a key of another request conflicts, and may not be repeated', async () => {
    records.results = [{ kind: 'different_request' }];
    const fault = await run(succeed);
    expect(fault).toMatchObject({ code: 'idempotency_conflict', mayRetry: undefined, retryAfterMs: undefined });
    expect(records.acquiredAtMs).toHaveLength(1);
  });

  it('waits while another attempt runs, asks less and less often, and gets its answer', async () => {
    const answer = new Secret(JSON.stringify(stored));
    records.results = [...Array.from({ length: 7 }, () => inProgress), { kind: 'answered', answer }];
    const running = run(() => Promise.reject(new Error('It was sent.')));
    await clock.advance(10_000);
    expect(await running).toEqual({ answer: stored, replayed: true });
    expect(records.acquiredAtMs.map((atMs) => atMs - startMs)).toEqual([0, 20, 60, 140, 300, 620, 1020, 1420]);
  });

  it('that waits until its caller leaves says that the first one is in progress, and when to come back', async () => {
    records.results = [inProgress];
    const running = run(succeed);
    await clock.advance(100);
    caller.abort(new Fault('deadline_exceeded'));
    expect(await running).toMatchObject({
      code: 'idempotency_conflict',
      message: 'The first call with this Idempotency-Key is still in progress; ask again with the same key.',
      retryAfterMs: 1000,
      mayRetry: true,
    });
  });

  it.each<[kind: string, result: AcquireResult, released: number]>([
    ['is released', { kind: 'acquired' }, 1],
    ['of another attempt is left alone', inProgress, 0],
    ['that is answered is left alone', { kind: 'answered', answer: new Secret(JSON.stringify(stored)) }, 0],
  ])('whose caller left before the store replied: a record that %s', async (_kind, result, released) => {
    records.results = [result];
    caller.abort(new Fault('deadline_exceeded'));
    expect(await run(succeed)).toMatchObject({ code: 'deadline_exceeded' });
    await settle();
    expect(records.released).toBe(released);
  });

  it('whose caller left while its record was charged gives the charge back', async () => {
    const charge = storage.charge.bind(storage);
    let reply: () => void = () => undefined;
    storage.charge = async (...args) => {
      await new Promise<void>((resolve) => (reply = resolve));
      return charge(...args);
    };
    const running = run(succeed);
    await settle();
    caller.abort(new Fault('deadline_exceeded'));
    expect(await running).toMatchObject({ code: 'deadline_exceeded' });
    reply();
    await settle();
    expect([storage.total, records.released]).toEqual([0, 1]);
  });

  it.each<[what: string, unknownOutcome: UnknownOutcome | undefined]>([
    ['knows that an earlier one may have run', { mayRunForMs: 5 }],
    ['knows of no earlier one', undefined],
  ])('%s', async (_what, unknownOutcome) => {
    records.results = [{ kind: 'acquired', ...(unknownOutcome && { unknownOutcome }) }];
    const attempts: WriteAttempt[] = [];
    await run((attempt) => {
      attempts.push(attempt);
      return succeed();
    });
    const [attempt] = attempts;
    expect(attempt?.unknownOutcome).toEqual(unknownOutcome);
    expect(Object.keys(attempt ?? {})).toEqual(unknownOutcome ? ['signal', 'unknownOutcome'] : ['signal']);
    expect(attempt?.signal.aborted).toBe(false);
  });

  /** Starts work that ends when its signal aborts. Returns what it was aborted with. */
  const untilAborted = (settles = true) =>
    run(
      ({ signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
      settles,
    );

  it('is aborted at its deadline, not when the caller leaves', async () => {
    const running = untilAborted();
    await clock.advance(1000);
    caller.abort(new Fault('deadline_exceeded'));
    await clock.advance(58_999);
    expect(records.released).toBe(0);
    await clock.advance(1);
    expect(await running).toMatchObject({ code: 'deadline_exceeded' });
    expect(records.released).toBe(1);
  });

  it.each<[what: string, renewed: boolean | Fault, isAborted: boolean]>([
    ['is aborted when another one has its lease', false, true],
    ['goes on while its lease is renewed', true, false],
    ['goes on while the store is away', new Fault('store_unavailable'), false],
  ])('%s', async (_what, renewed, isAborted) => {
    records.renewed = renewed;
    const running = untilAborted();
    await clock.advance(2 * renewEveryMs);
    expect(records.renewals).toBe(isAborted ? 1 : 2);
    expect(records.released).toBe(isAborted ? 1 : 0);
    await clock.advance(60_000);
    expect(await running).toMatchObject({ code: isAborted ? 'idempotency_conflict' : 'deadline_exceeded' });
  });

  it.each([
    ['succeeded', succeed],
    ['failed', () => Promise.reject(new Fault('queue_full'))],
  ])('that %s leaves no timer behind', async (_how, work) => {
    await run(work);
    expect(clock.pending).toBe(0);
  });

  it.each<[what: string, settles: boolean, lost: Fault, unknownMs: number, expected: object]>([
    [
      'can be settled says so, and when',
      true,
      new Fault('outcome_unknown', { detail: 'Lost.' }),
      callLimitMs,
      {
        code: 'outcome_unknown',
        message: 'Lost. Or send the same request with the same Idempotency-Key after Retry-After: it is settled then.',
        retryAfterMs: callLimitMs,
        mayRetry: true,
      },
    ],
    [
      'can be settled at once asks for a second of patience',
      true,
      new Fault('outcome_unknown', { mayRunForMs: 0 }),
      0,
      { retryAfterMs: 1000 },
    ],
    [
      'can’t be settled is reported as it is',
      false,
      new Fault('outcome_unknown', { detail: 'Lost.' }),
      callLimitMs,
      { message: 'Lost.', retryAfterMs: undefined, mayRetry: undefined },
    ],
  ])('that is lost and %s', async (_what, settles, lost, unknownMs, expected) => {
    expect(await run(() => Promise.reject(lost), settles)).toMatchObject(expected);
    expect(records.unknown).toEqual([{ mayRunForMs: unknownMs }]);
    expect(records.released).toBe(0);
  });

  it('tries 41 times to record its answer while the store fails', async () => {
    records.completing = () => Promise.reject(new Fault('store_unavailable'));
    await run(succeed);
    await clock.advance(60_000);
    expect(records.completed).toHaveLength(41);
    await runner.settle();
    expect(clock.pending).toBe(0);
  });

  it('is charged for its record only, if its answer was not recorded', async () => {
    records.completing = () => Promise.reject(new Fault('store_unavailable'));
    await run(succeed);
    await clock.advance(60_000);
    expect(storage.total).toBe(recordBytes);
  });

  it('records an answer only after the storage budget replied, whatever else fails there', async () => {
    const charge = storage.charge.bind(storage);
    let failures = 2;
    storage.charge = (client, bytes, options) =>
      options?.room === undefined && failures-- > 0
        ? Promise.reject(new Fault('store_unavailable'))
        : charge(client, bytes, options);
    await run(succeed);
    expect(records.completed).toHaveLength(0);
    await clock.advance(500);
    expect(records.completed).toHaveLength(1);
  });

  it.each<[bytes: number, isWhole: boolean]>([
    [maxAnswerBytes, true],
    [maxAnswerBytes + 1, false],
  ])('whose answer has %i bytes as JSON is stored whole: %s', async (bytes, isWhole) => {
    const rest = JSON.stringify({ ...stored, body: '' }).length;
    await run(() => Promise.resolve({ ...stored, body: 'x'.repeat(bytes - rest) }));
    expect(records.completed.map((text) => 'body' in (JSON.parse(text) as object))).toEqual([isWhole]);
  });
});
