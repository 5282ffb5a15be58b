import { HandClock, settle } from '../../../test/support/hand-clock';
import type { ItemOutcome, JobWork } from './job';
import type { ResultStorage, RunIdentity, Ownership } from './job-records';
import { JobRun, leastBytes } from './job-run';

/** Stores a job's records in memory. */
class Records {
  readonly kept = new Map<number, ItemOutcome>();
  /** Bytes that were reserved for each result when the job was created. */
  readonly reserved: number[] = [];
  noMore = false;
  standing: Ownership = 'ours';
  hasRoom = true;

  progress() {
    return Promise.resolve({ done: new Set(this.kept.keys()), sent: [], noMore: this.noMore });
  }
  beginItem(): Promise<Ownership> {
    return Promise.resolve(this.standing);
  }
  releaseItem(): Promise<void> {
    return Promise.resolve();
  }
  recordResult(_by: RunIdentity, index: number, outcome: ItemOutcome, reserved: number): Promise<ResultStorage> {
    if (!this.hasRoom && outcome.code !== 'result_too_large') return Promise.resolve('too_large');
    this.kept.set(index, outcome);
    this.noMore ||= outcome.forbidsMore === true;
    this.reserved.push(reserved);
    return Promise.resolve('kept');
  }
}

describe('a run of a job', () => {
  const clock = new HandClock();
  let records: Records;
  let performed: number[];
  let owedMs: number;
  /** The number of items after which the run makes room. */
  let roomAfter: number;
  let isOver: boolean;

  const work = (haltsAt = Infinity): JobWork<object> => ({
    inOrder: true,
    effectOf: () => 'read',
    perform: (index) => {
      performed.push(index);
      return Promise.resolve({ line: { index }, code: 'ok', forbidsMore: index >= haltsAt });
    },
    failed: (index, code) => ({ line: { index, code }, code }),
    forbidMore: () => (isOver = true),
  });
  const run = (of = work(), total = 4) =>
    new JobRun({
      ...{ id: 'j', client: 'c', runner: 'r', records, work: of, total, itemsAtOnce: 2, clock },
      rights: () => Promise.resolve({}),
      debtMs: () => Promise.resolve(owedMs),
      makesRoom: () => Promise.resolve(performed.length >= roomAfter),
    });

  beforeEach(() => {
    records = new Records();
    [performed, owedMs, roomAfter, isOver] = [[], 0, Infinity, false];
  });

  it('makes room between two items, and the next run continues from there', async () => {
    roomAfter = 2;
    expect(await run().run()).toBe('stopped');
    expect(performed).toEqual([0, 1]);
    roomAfter = Infinity;
    expect(await run().run()).toBe('done');
    expect(performed).toEqual([0, 1, 2, 3]);
  });

  it('learns that nothing more may be sent also from the stored result of an earlier run', async () => {
    roomAfter = 2;
    await run(work(1)).run();
    expect(records.noMore).toBe(true);
    expect(isOver).toBe(false);
    await run().run();
    expect(isOver).toBe(true);
  });

  it('records that nothing more may be sent even with a result that does not fit', async () => {
    records.hasRoom = false;
    await run(work(0), 1).run();
    expect(records.kept.get(0)).toEqual({
      line: { index: 0, code: 'result_too_large' },
      code: 'result_too_large',
      forbidsMore: true,
    });
  });

  it('sends nothing while its client owes commands, notices a cancellation, and continues afterwards', async () => {
    owedMs = 60_000;
    const ending = run().run();
    await clock.advance(1000);
    expect(performed).toEqual([]);
    owedMs = 0;
    await clock.advance(500);
    expect(await ending).toBe('done');
    owedMs = 60_000;
    records.kept.clear();
    performed = [];
    const cancelled = run().run();
    await settle();
    records.standing = 'cancelled';
    await clock.advance(500);
    expect([await cancelled, performed]).toEqual(['cancelled', []]);
  });

  it('makes room while its client owes commands', async () => {
    owedMs = 60_000;
    roomAfter = 0;
    expect(await run().run()).toBe('stopped');
  });

  it('has reserved the bytes of the smallest result of each item', async () => {
    await run().run();
    expect(records.reserved.reduce((sum, it) => sum + it, 0)).toBe(leastBytes(work(), 4));
  });
});
