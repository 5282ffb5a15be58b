import { asFault, asTheyCome, type Clock, Fault, sleep } from '@b24/portal';
import { setMaxListeners } from 'node:events';
import type { Outcome, Work } from './job';
import type { JobRecords } from './job-records';

export interface JobRunParts<By> {
  readonly id: string;
  /** Names this run: another's changes nothing. */
  readonly runner: string;
  readonly records: Pick<JobRecords, 'progress' | 'beginItem' | 'leaveItem' | 'keep'>;
  readonly work: Work<By>;
  readonly total: number;
  /** The job's client as it is now. @throws Fault when its key is none any more */
  readonly rights: () => Promise<By>;
  readonly itemsAtOnce: number;
  readonly clock: Clock;
}

/** How a run ended: every item is told, another has the job, it was cancelled, this replica ends, or it can't go on. */
export type Ending = 'done' | 'lost' | 'cancelled' | 'stopped' | Fault;

const askAgainMs = 500;
/** A replica that ends tries no longer to keep what it heard. */
const lastWaitMs = 5000;

/**
 * One replica's run of a job. What has its outcome is not touched again. A write that an earlier run may have sent is
 * told to be unknown, never sent again; a read is run again. What was certainly not sent is left for the next run.
 */
export class JobRun<By> {
  private ending: Ending | undefined;
  private stoppedAtMs: number | undefined;
  private readonly controller = new AbortController();

  constructor(private readonly parts: JobRunParts<By>) {
    // Each item listens to it for as long as it is under way.
    setMaxListeners(0, this.controller.signal);
  }

  /** Begins no more items; those under way go on. */
  stop(): void {
    this.stoppedAtMs ??= this.parts.clock.now();
    this.ending ??= 'stopped';
  }

  /** @throws Fault store_unavailable when this replica ends before the store is back */
  async go(): Promise<Ending> {
    const { id, records, total, work, itemsAtOnce } = this.parts;
    const { told, sent } = await this.persist(() => records.progress(id));
    for (const index of sent) {
      const detail = 'The replica that sent it ended before the answer came; it may have been carried out.';
      if (!told.has(index)) await this.keep(index, work.failed(index, 'outcome_unknown', detail));
    }
    const known = new Set([...told, ...sent]);
    const left = Array.from({ length: total }, (_, index) => index).filter((index) => !known.has(index));
    const items = asTheyCome(left, work.inOrder ? 1 : itemsAtOnce, (index) => this.item(index));
    while (!(await items.next()).done);
    return this.ending ?? 'done';
  }

  /** Never rejects. */
  private async item(index: number): Promise<true> {
    try {
      while (!this.ending && (await this.attempt(index)) === 'again') await this.pause();
    } catch (error) {
      this.end(asFault(error));
    }
    return true;
  }

  /** again: it was not sent, since our own store was silent. */
  private async attempt(index: number): Promise<'over' | 'again'> {
    const { id, runner, records, work, rights } = this.parts;
    const by = await this.persist(rights);
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

  private leave(index: number): Promise<void> {
    const { id, runner, records } = this.parts;
    return this.persist(() => records.leaveItem(id, runner, index));
  }

  private async keep(index: number, outcome: Outcome): Promise<void> {
    const { id, runner, records, work } = this.parts;
    const kept = await this.persist(() => records.keep(id, runner, index, outcome));
    if (kept === 'lost') this.end('lost');
    if (kept === 'too_large' && outcome.code !== 'result_too_large')
      await this.keep(index, work.failed(index, 'result_too_large'));
  }

  /** The first word counts, except that a job that is another's is so whatever else was said. */
  private end(ending: Ending): void {
    if (ending === 'lost') {
      this.ending = 'lost';
      // What still waits must not be sent in another's stead.
      this.controller.abort(new Fault('shutting_down', { detail: 'Another replica runs this job by now.' }));
    }
    this.ending ??= ending;
  }

  /** Asks the store until it answers. */
  private async persist<T>(question: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await question();
      } catch (error) {
        const stopped = this.stoppedAtMs !== undefined && this.parts.clock.now() > this.stoppedAtMs + lastWaitMs;
        if (asFault(error).code !== 'store_unavailable' || stopped) throw error;
        await this.pause();
      }
    }
  }

  private pause(): Promise<void> {
    return sleep(this.parts.clock, askAgainMs);
  }
}
