import { Fault, sealedBytes, type Secret } from '@b24/portal';
import { HandClock, settle } from '../../../test/support/hand-clock';
import { MemoryStorage } from '../../../test/support/memory-storage';
import { maxAnswerBytes, Once, recordBytes, type WriteAnswer } from './once';
import type { Claim, Taken, WriteRecords } from './write-records';

/** Records of one process. */
class MemoryRecords implements WriteRecords {
  readonly answers = new Map<string, Secret>();
  readonly taken = new Set<string>();

  take({ name }: Claim): Promise<Taken> {
    const answer = this.answers.get(name);
    if (answer) return Promise.resolve({ kind: 'answered', answer });
    this.taken.add(name);
    return Promise.resolve({ kind: 'taken' });
  }
  renew(): Promise<boolean> {
    return Promise.resolve(true);
  }
  answer({ name }: Claim, answer: Secret): Promise<void> {
    this.answers.set(name, answer);
    return Promise.resolve();
  }
  doubt(): Promise<void> {
    return Promise.resolve();
  }
  free({ name }: Claim): Promise<boolean> {
    return Promise.resolve(this.taken.delete(name));
  }
}

const answerOf = (bytes: number): WriteAnswer => ({
  status: 201,
  headers: { Location: '/v1/x' },
  body: 'x'.repeat(bytes),
});
const roomBytes = recordBytes + sealedBytes(maxAnswerBytes);

describe('what is kept of the answer of a write', () => {
  const clock = new HandClock();
  let records: MemoryRecords;
  let storage: MemoryStorage;
  let runs: number;

  const run = (name: string, work: () => Promise<WriteAnswer>) => {
    const once = new Once({ records, storage, clock, callLimitMs: 60_000, renewEveryMs: 2000 });
    const wait = { signal: new AbortController().signal, deadlineAtMs: clock.now() + 1000 };
    const claim = { client: 'c', name, fingerprint: 'f', holder: 'h' };
    return once.run(claim, wait, () => (runs++, work()), true);
  };

  beforeEach(() => {
    records = new MemoryRecords();
    storage = new MemoryStorage();
    runs = 0;
  });

  it('is the whole answer up to 256 KiB, and its bytes are counted', async () => {
    await run('w', () => Promise.resolve(answerOf(1000)));
    expect(await run('w', () => Promise.resolve(answerOf(1)))).toEqual({ answer: answerOf(1000), replayed: true });
    expect(runs).toBe(1);
    expect(storage.total).toBeGreaterThan(recordBytes + 1000);
  });

  it('is only that there was one, with its status and headers, when it is longer: and nothing is run again', async () => {
    const first = await run('w', () => Promise.resolve(answerOf(maxAnswerBytes)));
    expect(first.answer).toEqual(answerOf(maxAnswerBytes));
    const notKept = { status: 201, headers: { Location: '/v1/x' }, notKept: 'too_large' };
    expect(await run('w', () => Promise.resolve(answerOf(1)))).toEqual({ answer: notKept, replayed: true });
    expect([runs, storage.total]).toEqual([1, recordBytes]);
  });

  it('is only that there was one when others took the room meanwhile', async () => {
    storage = new MemoryStorage(roomBytes);
    await run('w', async () => {
      await storage.charge('c', roomBytes - recordBytes - 1);
      return answerOf(1);
    });
    expect((await run('w', () => Promise.resolve(answerOf(1)))).answer).toMatchObject({ notKept: 'budget_spent' });
    expect(runs).toBe(1);
  });

  it('refuses a write before it is run when its answer might find no room, and keeps no record of it', async () => {
    storage = new MemoryStorage(roomBytes);
    await storage.charge('c', 1);
    await expect(run('w', () => Promise.resolve(answerOf(1)))).rejects.toMatchObject({ code: 'storage_budget_spent' });
    expect([runs, records.taken.size, storage.total]).toEqual([0, 0, 1]);
  });

  it('replays what it has kept also when the room is gone', async () => {
    storage = new MemoryStorage(roomBytes);
    await run('w', () => Promise.resolve(answerOf(1)));
    await expect(run('v', () => Promise.resolve(answerOf(1)))).rejects.toMatchObject({ code: 'storage_budget_spent' });
    expect(await run('w', () => Promise.resolve(answerOf(1)))).toMatchObject({ replayed: true });
  });

  it('counts nothing for a write that was certainly not done', async () => {
    await expect(run('w', () => Promise.reject(new Fault('queue_full')))).rejects.toMatchObject({ code: 'queue_full' });
    await settle();
    expect(storage.total).toBe(0);
  });
});
