import { randomUUID } from 'node:crypto';
import { asFault, type Clock, Fault } from '@b24/portal';
import { orStoreUnavailable, Poller } from '@b24/redis';
import type { JobCallback, Job, JobKind, NewJob } from './job';
import type { JobQueue } from './job-queue';
import type { JobRecords } from './job-records';
import { type RunOutcome, JobRun, leastBytes } from './job-run';
import type { JobSlot } from './slot-order';
import type { JobSlots } from './job-slots';

/** A job during which this many replicas died is considered the cause, and ends. */
const maxDeaths = 10;
const sweepEveryMs = 30_000;
const askReadyEveryMs = 200;
/** How often a run checks whether it has to make room. */
const checkSlotEveryMs = 200;

export interface JobsOptions<By> {
  readonly records: JobRecords;
  readonly queue: JobQueue;
  readonly turns: JobSlots;
  readonly kinds: Readonly<Record<string, JobKind<By>>>;
  /** Loads a job's client. @throws Fault if its key no longer works, store_unavailable */
  readonly rights: (client: string) => Promise<By>;
  /** Sends the message that a job is finished. @throws if the target did not accept it */
  readonly send: (job: Job, callback: JobCallback) => Promise<void>;
  readonly itemsAtOnce: number;
  /** Returns the milliseconds until the client's rate allows its next item. */
  readonly debtMs: (by: By) => Promise<number>;
  readonly clock: Clock;
  /** Whether the data in the store is checked. */
  readonly ready: () => boolean;
  readonly finished: (job: Job) => void;
  readonly log: { warn(fields: object, words: string): void; error(fields: object, words: string): void };
}

/** Long work. A job is stored before its caller gets an answer. Any replica with a free slot runs it, and another one if
 * that replica dies. */
export class Jobs<By> {
  private readonly runs = new Set<JobRun<By>>();
  /** Slots whose ticket the queue did not know at the last check. */
  private lostTurns = new Set<string>();
  private started = false;
  private readonly poller: Poller;

  constructor(private readonly options: JobsOptions<By>) {
    this.poller = new Poller({
      clock: options.clock,
      everyMs: () => (this.started ? sweepEveryMs : askReadyEveryMs),
      run: () => this.begin(),
    });
  }

  /** Runs jobs as soon as the data in the store is checked, and regularly requeues jobs that were lost. */
  start(): void {
    this.poller.start();
  }

  /** Starts no further job. */
  stop(): void {
    this.poller.stop();
    for (const run of this.runs) run.stop();
  }

  /** Resolves once every job of this replica is finished or handed back. */
  async settle(): Promise<void> {
    if (this.started) await this.options.queue.close();
  }

  /**
   * Creates a job. A repeated call with the same id returns the same job.
   * @throws Fault too_many_jobs, storage_budget_spent, idempotency_conflict, store_unavailable
   */
  async create(wanted: Omit<NewJob, 'reservedBytes'>): Promise<Job> {
    const { records, queue, clock, kinds } = this.options;
    if (this.poller.isStopped) throw new Fault('shutting_down');
    if (!this.started) throw new Fault('store_unavailable');
    const work = kinds[wanted.kind]?.(wanted.payload);
    const reservedBytes = work ? leastBytes(work, wanted.total) : 0;
    await records.create({ ...wanted, reservedBytes }, clock.now());
    const job = await this.find(wanted.id);
    if (job.state === 'queued') await orStoreUnavailable(() => queue.add(job.id));
    return job;
  }

  /** @throws Fault job_not_found, store_unavailable */
  async find(id: string): Promise<Job> {
    const job = await this.options.records.find(id);
    if (!job) throw new Fault('job_not_found');
    return job;
  }

  /** Returns the callback of the job. */
  callback(id: string): Promise<JobCallback | undefined> {
    return this.options.records.callback(id);
  }

  /** Cancels a job: items that have not started are not sent. A finished job stays as it is. */
  async cancel(id: string): Promise<Job> {
    const { records, clock, queue } = this.options;
    const what = await records.cancel(id, clock.now());
    if (what === 'cancelled') await this.conclude(id);
    if (what === 'asked') await orStoreUnavailable(() => queue.add(id));
    return this.find(id);
  }

  /**
   * Runs the next job with this ticket. Returns false if the ticket is to be used again, here or by another replica.
   */
  private async run(ticket: string): Promise<boolean> {
    const { turns } = this.options;
    const absent = new Set<string>();
    try {
      for (;;) {
        if (this.poller.isStopped) return false;
        const turn = await turns.take(ticket, absent);
        if (!turn) return true;
        const came = await this.runJob(turn);
        await turns.end(turn);
        if (came !== 'absent') return came === 'over';
        // It is finished or not stored yet; another job may use this ticket.
        absent.add(turn.job);
      }
    } catch (error) {
      if (asFault(error).code !== 'store_unavailable') throw error;
      return false;
    }
  }

  /** over: the job needs no slot any more. left: another replica has to continue. absent: there was nothing to run. */
  private async runJob(turn: JobSlot): Promise<'over' | 'left' | 'absent'> {
    const { records, clock, log } = this.options;
    const id = turn.job;
    const runner = randomUUID();
    try {
      const deaths = await records.begin(id, runner, clock.now());
      if (deaths === undefined) {
        await this.conclude(id);
        return 'absent';
      }
      const ending = deaths > maxDeaths ? tooManyDeaths() : await this.goOn(turn, runner);
      return (await this.ended(id, runner, ending)) ? 'over' : 'left';
    } catch (error) {
      const { code } = asFault(error);
      if (code === 'store_unavailable') return 'left';
      log.error({ err: error, job: id }, 'a job could not be run');
      return (await this.ended(id, runner, new Fault('internal_error'))) ? 'over' : 'left';
    }
  }

  private async goOn(turn: JobSlot, runner: string): Promise<RunOutcome> {
    const { records, clock, kinds, rights, itemsAtOnce, debtMs } = this.options;
    const id = turn.job;
    const job = await this.find(id);
    await records.chargeRecord(job);
    const kind = kinds[job.kind];
    const payload = await records.payload(id);
    if (!kind || payload === undefined) return new Fault('internal_error', { detail: 'What it was to do is lost.' });
    const { total, client } = job;
    const work = kind(payload);
    const run = new JobRun({
      ...{ id, client, runner, records, work, total, itemsAtOnce, debtMs, clock },
      rights: () => rights(client),
      makesRoom: this.roomMakerOf(turn),
    });
    this.runs.add(run);
    if (this.poller.isStopped) run.stop();
    try {
      return await run.run();
    } finally {
      this.runs.delete(run);
    }
  }

  /** Checks at an interval, for all items of a run at once. If the store does not answer, the job keeps its slot. */
  private roomMakerOf(turn: JobSlot): () => Promise<boolean> {
    const { turns, clock } = this.options;
    let requestedAtMs = 0;
    return async () => {
      if (clock.now() - requestedAtMs < checkSlotEveryMs) return false;
      requestedAtMs = clock.now();
      return turns.leave(turn).catch(() => false);
    };
  }

  private async ended(id: string, runner: string, ending: RunOutcome): Promise<boolean> {
    const { records, clock } = this.options;
    if (ending === 'lost') return true;
    if (ending === 'stopped' || (ending instanceof Fault && ending.code === 'store_unavailable')) {
      await records.handBack(id, runner);
      return false;
    }
    const state = ending instanceof Fault ? 'failed' : ending;
    const problem = ending instanceof Fault ? { code: ending.code, detail: ending.message } : undefined;
    await records.end(id, runner, state, clock.now(), problem);
    return this.conclude(id);
  }

  /** Finishes a job after its run, repeated until it succeeds. */
  private async conclude(id: string): Promise<true> {
    const { records, queue, finished } = this.options;
    const job = await records.find(id);
    if (!job || job.state === 'queued' || job.state === 'running') return true;
    if (job.callback === 'due') await orStoreUnavailable(() => queue.addDelivery(id));
    await records.close(id, job.client);
    finished(job);
    return true;
  }

  private async deliver(id: string, isLast: boolean): Promise<void> {
    const { records, send, log } = this.options;
    const [job, callback] = await Promise.all([records.find(id), records.callback(id)]);
    if (!job || !callback || job.callback !== 'due') return;
    try {
      await send(job, callback);
      await records.callbackIs(id, 'delivered');
    } catch (error) {
      log.warn({ job: id, reason: (error as Error).message, isLast }, 'that a job is finished could not be told');
      if (isLast) await records.callbackIs(id, 'given_up');
      throw error;
    }
  }

  private async begin(): Promise<void> {
    const { ready, queue } = this.options;
    if (ready() && !this.started) {
      this.started = true;
      queue.start({ run: (ticket) => this.run(ticket), deliver: (id, isLast) => this.deliver(id, isLast) });
    }
    if (this.started) await this.sweep();
  }

  /** Requeues jobs whose creator died before queueing them, or that the queue lost. */
  private async sweep(): Promise<void> {
    const { records, queue, clock } = this.options;
    for (const { id, client } of await records.open(clock.now() - sweepEveryMs)) {
      const job = await records.find(id);
      if (!job) await records.drop(id, client);
      else if (job.state === 'queued' || job.state === 'running') await queue.add(id);
      else await this.conclude(id);
    }
    await this.sweepTurns();
  }

  /** Frees a slot whose ticket the queue did not know in two checks in a row. */
  private async sweepTurns(): Promise<void> {
    const { turns, queue } = this.options;
    const seen = await turns.all();
    const active = await queue.active();
    const lost = seen.filter(({ ticket }) => !active.has(ticket));
    const nameOf = ({ ticket, job, sinceMs }: JobSlot) => `${ticket} ${job} ${sinceMs}`;
    for (const turn of lost) if (this.lostTurns.has(nameOf(turn))) await turns.end(turn);
    this.lostTurns = new Set(lost.map(nameOf));
  }
}

function tooManyDeaths(): Fault {
  return new Fault('internal_error', { detail: `It was given up: ${maxDeaths} replicas ended while they ran it.` });
}
