import { Fault, sealedBytes, type Secret } from '@b24/portal';
import { HandClock, settle } from '../../../test/support/hand-clock';
import { MemoryStorage } from '../../../test/support/memory-storage';
import { maxAnswerBytes, IdempotencyRunner, recordBytes, type WriteAnswer } from './idempotency-runner';
import type { IdempotentWrite, AcquireResult, IdempotencyRecords } from './idempotency-records';

/** Records in memory. */
class MemoryRecords implements IdempotencyRecords {
  readonly answers = new Map<string, Secret>();
  readonly acquired = new Set<string>();

  acquire({ name }: IdempotentWrite): Promise<AcquireResult> {
    const answer = this.answers.get(name);
    if (answer) return Promise.resolve({ kind: 'answered', answer });
    this.acquired.add(name);
    return Promise.resolve({ kind: 'acquired' });
  }
  renew(): Promise<boolean> {
    return Promise.resolve(true);
  }
  complete({ name }: IdempotentWrite, answer: Secret): Promise<void> {
    this.answers.set(name, answer);
    return Promise.resolve();
  }
  markUnknown(): Promise<void> {
    return Promise.resolve();
  }
  release({ name }: IdempotentWrite): Promise<boolean> {
    return Promise.resolve(this.acquired.delete(name));
  }
}

const answerOf = (bytes: number): WriteAnswer => ({
  status: 201,
  headers: { Location: '/v1/x' },
  body: 'x'.repeat(bytes),
});
const roomBytes = recordBytes + sealedBytes(maxAnswerBytes);

describe('the recorded answer of a write', () => {
  const clock = new HandClock();
  let records: MemoryRecords;
  let storage: MemoryStorage;
  let runs: number;

  const run = (name: string, work: () => Promise<WriteAnswer>) => {
    const runner = new IdempotencyRunner({ records, storage, clock, callLimitMs: 60_000, renewEveryMs: 2000 });
    const wait = { signal: new AbortController().signal, deadlineAtMs: clock.now() + 1000 };
    const write = { client: 'c', name, fingerprint: 'f', holder: 'h' };
    return runner.run(write, wait, () => (runs++, work()), true);
  };

  beforeEach(() => {
    records = new MemoryRecords();
    storage = new MemoryStorage();
    runs = 0;
  });

  it('is the whole answer up to 256 KiB, and its bytes are charged', async () => {
    await run('w', () => Promise.resolve(answerOf(1000)));
    expect(await run('w', () => Promise.resolve(answerOf(1)))).toEqual({ answer: answerOf(1000), replayed: true });
    expect(runs).toBe(1);
    expect(storage.total).toBeGreaterThan(recordBytes + 1000);
  });

  it('is the status and headers without the body when it is larger, and nothing runs again', async () => {
    const first = await run('w', () => Promise.resolve(answerOf(maxAnswerBytes)));
    expect(first.answer).toEqual(answerOf(maxAnswerBytes));
    const notStored = { status: 201, headers: { Location: '/v1/x' }, notStored: 'too_large' };
    expect(await run('w', () => Promise.resolve(answerOf(1)))).toEqual({ answer: notStored, replayed: true });
    expect([runs, storage.total]).toEqual([1, recordBytes]);
  });

  it('has no body when other writes have used up the budget meanwhile', async () => {
    storage = new MemoryStorage(roomBytes);
    await run('w', async () => {
      await storage.charge('c', roomBytes - recordBytes - 1);
      return answerOf(1);
    });
    expect((await run('w', () => Promise.resolve(answerOf(1)))).answer).toMatchObject({ notStored: 'budget_spent' });
    expect(runs).toBe(1);
  });

  it('needs room for the largest answer before the write runs, or no record is left', async () => {
    storage = new MemoryStorage(roomBytes);
    await storage.charge('c', 1);
    await expect(run('w', () => Promise.resolve(answerOf(1)))).rejects.toMatchObject({ code: 'storage_budget_spent' });
    expect([runs, records.acquired.size, storage.total]).toEqual([0, 0, 1]);
  });

  it('is replayed although the budget is used up', async () => {
    storage = new MemoryStorage(roomBytes);
    await run('w', () => Promise.resolve(answerOf(1)));
    await expect(run('v', () => Promise.resolve(answerOf(1)))).rejects.toMatchObject({ code: 'storage_budget_spent' });
    expect(await run('w', () => Promise.resolve(answerOf(1)))).toMatchObject({ replayed: true });
  });

  it('is not charged for a write that was not executed', async () => {
    await expect(run('w', () => Promise.reject(new Fault('queue_full')))).rejects.toMatchObject({ code: 'queue_full' });
    await settle();
    expect(storage.total).toBe(0);
  });
});
