import { HandClock, settle } from '../../../test/support/hand-clock';
import type { ItemOutcome, JobWork } from './job';
import type { ResultStorage, RunIdentity, Ownership } from './job-records';
import { JobRun, leastBytes } from './job-run';

/** A job's records in this process. */
class Records {
  readonly kept = new Map<number, ItemOutcome>();
  /** Bytes of each that were counted when the job was made. */
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
  /** After how many items it makes room. */
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

  it('makes room between two items, and the next run goes on where it was left', async () => {
    roomAfter = 2;
    expect(await run().run()).toBe('stopped');
    expect(performed).toEqual([0, 1]);
    roomAfter = Infinity;
    expect(await run().run()).toBe('done');
    expect(performed).toEqual([0, 1, 2, 3]);
  });

  it('is not told by its work alone that nothing more may be sent, but by what an earlier run has kept', async () => {
    roomAfter = 2;
    await run(work(1)).run();
    expect(records.noMore).toBe(true);
    expect(isOver).toBe(false);
    await run().run();
    expect(isOver).toBe(true);
  });

  it('keeps that nothing more may be sent also with a result that found no room', async () => {
    records.hasRoom = false;
    await run(work(0), 1).run();
    expect(records.kept.get(0)).toEqual({
      line: { index: 0, code: 'result_too_large' },
      code: 'result_too_large',
      forbidsMore: true,
    });
  });

  it('sends nothing while its client owes, looks whether it is cancelled, and goes on when the debt is paid', async () => {
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

  it('makes room while its client owes', async () => {
    owedMs = 60_000;
    roomAfter = 0;
    expect(await run().run()).toBe('stopped');
  });

  it('has set aside what the shortest result of each item takes', async () => {
    await run().run();
    expect(records.reserved.reduce((sum, it) => sum + it, 0)).toBe(leastBytes(work(), 4));
  });
});
