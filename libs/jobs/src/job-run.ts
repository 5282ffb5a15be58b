import { asFault, mapUnordered, type Clock, Fault, sealedBytes, sleep, writeJson } from '@b24/portal';
import { setMaxListeners } from 'node:events';
import type { ItemOutcome, JobWork } from './job';
import type { JobRecords } from './job-records';

export interface JobRunOptions<By> {
  readonly id: string;
  readonly client: string;
  /** The id of this run. Changes by other runs are rejected. */
  readonly runner: string;
  readonly records: Pick<JobRecords, 'progress' | 'beginItem' | 'releaseItem' | 'recordResult'>;
  readonly work: JobWork<By>;
  readonly total: number;
  /** Loads the job's client. @throws Fault if its key no longer works */
  readonly rights: () => Promise<By>;
  readonly itemsAtOnce: number;
  /** Milliseconds until the client's rate allows its next item. */
  readonly debtMs: (by: By) => Promise<number>;
  /** Whether this job has to give its slot to the job of another client. */
  readonly makesRoom: () => Promise<boolean>;
  readonly clock: Clock;
}

/**
 * How a run ended. done: every item has an outcome. lost: another run owns the job. stopped: this replica ends, or
 * another job gets the slot. A fault: the job cannot continue.
 */
export type RunOutcome = 'done' | 'lost' | 'cancelled' | 'stopped' | Fault;

const retryEveryMs = 500;
/** How long a replica that ends tries to store the outcomes that it has. */
const shutdownGraceMs = 5000;

/**
 * One replica's run of a job. An item with an outcome is not touched again. A write that an earlier run may have sent
 * gets the outcome unknown and is never repeated; a read is repeated. An item that was certainly not sent is left to
 * the next run.
 */
export class JobRun<By> {
  private ending: RunOutcome | undefined;
  private stoppedAtMs: number | undefined;
  private paying: Promise<boolean> | undefined;
  private readonly controller = new AbortController();

  constructor(private readonly parts: JobRunOptions<By>) {
    // Every item in progress adds a listener.
    setMaxListeners(0, this.controller.signal);
  }

  /** Starts no further item. Items in progress continue. */
  stop(): void {
    this.stoppedAtMs ??= this.parts.clock.now();
    this.ending ??= 'stopped';
  }

  /** Runs the items. @throws Fault store_unavailable if this replica ends before the store answers */
  async run(): Promise<RunOutcome> {
    const { id, records, total, work, itemsAtOnce } = this.parts;
    const { done, sent, noMore } = await this.persist(() => records.progress(id));
    if (noMore) work.forbidMore?.();
    for (const index of sent) {
      const detail = 'The replica that sent it ended before the answer came; it may have been carried out.';
      if (!done.has(index)) await this.keep(index, work.failed(index, 'outcome_unknown', detail));
    }
    const known = new Set([...done, ...sent]);
    const left = Array.from({ length: total }, (_, index) => index).filter((index) => !known.has(index));
    const items = mapUnordered(left, work.inOrder ? 1 : itemsAtOnce, (index) => this.item(index));
    while (!(await items.next()).done);
    return this.ending ?? 'done';
  }

  /** Never rejects. */
  private async item(index: number): Promise<true> {
    try {
      if (!this.ending && (await this.parts.makesRoom())) this.ending ??= 'stopped';
      for (let how = 'later'; how !== 'over' && !this.ending; how = await this.attempt(index))
        if (how === 'again') await this.pause();
    } catch (error) {
      this.end(asFault(error));
    }
    return true;
  }

  /** again: the item was not sent, because the store did not answer. later: the client's rate does not allow it yet. */
  private async attempt(index: number): Promise<'over' | 'again' | 'later'> {
    const { id, runner, records, work, rights } = this.parts;
    const by = await this.persist(rights);
    if (!(await this.hasPaid(by))) return 'later';
    const isWrite = work.effectOf(index) === 'write';
    const standing = await this.persist(() => records.beginItem(id, runner, index, isWrite));
    if (standing !== 'ours') this.end(standing);
    if (this.ending) {
      if (isWrite && standing === 'ours') await this.leave(index);
      return 'over';
    }
    const outcome = await work.perform(index, by, this.controller.signal);
    const isOurs = outcome.code === 'store_unavailable' || outcome.code === 'shutting_down';
    if (!isOurs) await this.keep(index, outcome);
    else if (isWrite) await this.leave(index);
    if (outcome.code === 'shutting_down') this.stop();
    return isOurs ? 'again' : 'over';
  }

  /** Returns false if the debt has to be read again. All items of the run share one read. */
  private hasPaid(by: By): Promise<boolean> {
    this.paying ??= this.persist(() => this.parts.debtMs(by))
      .then((owedMs) => owedMs <= 0 || this.waitForPay(owedMs))
      .finally(() => (this.paying = undefined));
    return this.paying;
  }

  /** Waits for at most one interval, because the job may be cancelled or lose its slot meanwhile. */
  private async waitForPay(owedMs: number): Promise<false> {
    const { id, runner, records, makesRoom, clock } = this.parts;
    const standing = await this.persist(() => records.beginItem(id, runner, 0, false));
    if (standing !== 'ours') this.end(standing);
    else if (await makesRoom()) this.ending ??= 'stopped';
    else await sleep(clock, Math.min(owedMs, retryEveryMs));
    return false;
  }

  private leave(index: number): Promise<void> {
    const { id, runner, records } = this.parts;
    return this.persist(() => records.releaseItem(id, runner, index));
  }

  private async keep(index: number, outcome: ItemOutcome): Promise<void> {
    const { records, work } = this.parts;
    const least = { ...work.failed(index, 'result_too_large'), forbidsMore: outcome.forbidsMore === true };
    const stored = await this.persist(() => records.recordResult(this.parts, index, outcome, bytesOf(least)));
    if (stored === 'lost') this.end('lost');
    if (stored === 'too_large' && outcome.code !== 'result_too_large') await this.keep(index, least);
  }

  /** The first ending counts, except that `lost` replaces any other. */
  private end(ending: RunOutcome): void {
    if (ending === 'lost') {
      this.ending = 'lost';
      // Calls that still wait must not be sent for a job that another run owns.
      this.controller.abort(new Fault('shutting_down', { detail: 'Another replica runs this job by now.' }));
    }
    this.ending ??= ending;
  }

  /** Repeats the command until the store answers. */
  private async persist<T>(question: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await question();
      } catch (error) {
        const stopped = this.stoppedAtMs !== undefined && this.parts.clock.now() > this.stoppedAtMs + shutdownGraceMs;
        if (asFault(error).code !== 'store_unavailable' || stopped) throw error;
        await this.pause();
      }
    }
  }

  private pause(): Promise<void> {
    return sleep(this.parts.clock, retryEveryMs);
  }
}

/** Returns the bytes of all results if each of them is too large to be stored. */
export function leastBytes<By>(work: JobWork<By>, total: number): number {
  return Array.from({ length: total }, (_, index) => bytesOf(work.failed(index, 'result_too_large'))).reduce(
    (sum, bytes) => sum + bytes,
    0,
  );
}

function bytesOf({ line }: ItemOutcome): number {
  return sealedBytes(Buffer.byteLength(writeJson(line)));
}
