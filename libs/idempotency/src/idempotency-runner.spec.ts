import { Fault, type Secret } from '@b24/portal';
import { HandClock, settle } from '../../../test/support/hand-clock';
import { MemoryStorage } from '../../../test/support/memory-storage';
import { type RecordedAnswer, IdempotencyRunner, type WriteAnswer } from './idempotency-runner';
import type { IdempotentWrite, IdempotencyRecords } from './idempotency-records';

const callLimitMs = 30_000;
const answer: WriteAnswer = { status: 201, headers: {}, body: '{"id":1}' };

type RecordOperation = 'acquire' | 'complete' | 'markUnknown' | 'release';

/** Records whose chosen operations wait until `resume` is called. */
class SlowRecords implements IdempotencyRecords {
  readonly calls: string[] = [];
  /** How many `complete` calls fail before one succeeds. */
  failuresLeft = 0;
  readonly paused = new Set<RecordOperation>();
  private readonly waiting: (() => void)[] = [];

  resume(): void {
    this.paused.clear();
    for (const go of this.waiting.splice(0)) go();
  }

  async acquire() {
    await this.call('acquire');
    return { kind: 'acquired' } as const;
  }

  renew(): Promise<boolean> {
    return Promise.resolve(true);
  }

  complete(_claim: IdempotentWrite, _answer: Secret): Promise<void> {
    if (this.failuresLeft-- > 0) return Promise.reject(new Fault('store_unavailable'));
    return this.call('complete');
  }

  markUnknown(): Promise<void> {
    return this.call('markUnknown');
  }

  async release(): Promise<boolean> {
    await this.call('release');
    return true;
  }

  private async call(operation: RecordOperation): Promise<void> {
    if (this.paused.has(operation)) await new Promise<void>((go) => this.waiting.push(go));
    this.calls.push(operation);
  }
}

describe('a write with an idempotency key, while the store is silent', () => {
  const clock = new HandClock();
  const write = { client: 'c', name: 'w', fingerprint: 'f', holder: 'h' };
  let records: SlowRecords;
  let runner: IdempotencyRunner;
  let caller: AbortController;
  let reply: { answer: RecordedAnswer } | Fault | undefined;

  const begin = (work: () => Promise<WriteAnswer>) => {
    const wait = { signal: caller.signal, deadlineAtMs: clock.now() + 1000 };
    clock.after(1000, () => {
      caller.abort(new Fault('deadline_exceeded'));
    });
    runner.run(write, wait, work, true).then(
      (it) => (reply = it),
      (fault: unknown) => (reply = fault as Fault),
    );
  };

  beforeEach(() => {
    records = new SlowRecords();
    runner = new IdempotencyRunner({ records, storage: new MemoryStorage(), clock, callLimitMs, renewEveryMs: 2000 });
    caller = new AbortController();
    reply = undefined;
  });

  it('fails at its deadline as never sent, and releases the record that it acquires later', async () => {
    records.paused.add('acquire');
    begin(() => Promise.reject(new Error('It was sent after all.')));
    await clock.advance(999);
    expect(reply).toBeUndefined();
    await clock.advance(1);
    expect(reply).toMatchObject({ code: 'deadline_exceeded' });
    records.resume();
    await settle();
    expect(records.calls).toEqual(['acquire', 'release']);
  });

  it.each([
    ['its answer', 'complete', () => Promise.resolve(answer), { answer }],
    [
      'that its outcome is unknown',
      'markUnknown',
      () => Promise.reject(new Fault('outcome_unknown')),
      { code: 'outcome_unknown' },
    ],
    [
      'that it was not executed',
      'release',
      () => Promise.reject(new Fault('portal_unreachable')),
      { code: 'portal_unreachable' },
    ],
  ] as const)(
    'returns %s at its deadline, and records that once the store answers',
    async (_what, operation, work, expected) => {
      records.paused.add(operation);
      begin(work);
      await clock.advance(999);
      expect(reply).toBeUndefined();
      await clock.advance(1);
      expect(reply).toMatchObject(expected);
      expect(records.calls).toEqual(['acquire']);
      let settled = false;
      void runner.settle().then(() => (settled = true));
      await settle();
      expect(settled).toBe(false);
      records.resume();
      await settle();
      expect([settled, records.calls]).toEqual([true, ['acquire', operation]]);
    },
  );

  it('returns its answer while the store is away, and retries until the answer is recorded', async () => {
    records.failuresLeft = 3;
    begin(() => Promise.resolve(answer));
    await settle();
    expect([reply, records.calls]).toEqual([{ answer, replayed: false }, ['acquire']]);
    await clock.advance(500);
    expect(records.calls).toEqual(['acquire']);
    await clock.advance(250);
    expect(records.calls).toEqual(['acquire', 'complete']);
    await runner.settle();
  });

  it('returns its answer after it is recorded, while there is time', async () => {
    begin(() => Promise.resolve(answer));
    await settle();
    expect([reply, records.calls]).toEqual([{ answer, replayed: false }, ['acquire', 'complete']]);
  });
});
