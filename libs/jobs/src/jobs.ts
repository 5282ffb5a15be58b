import { randomUUID } from 'node:crypto';
import { asFault, type Clock, Fault } from '@b24/portal';
import type { Callback, Job, Kind, NewJob } from './job';
import type { JobQueue } from './job-queue';
import type { JobRecords } from './job-records';
import { type Ending, JobRun } from './job-run';

/** So many replicas may die over a job before it is taken for the cause. */
const mostDeaths = 10;
const sweepEveryMs = 30_000;

export interface JobsOptions<By> {
  readonly records: JobRecords;
  readonly queue: JobQueue;
  readonly kinds: Readonly<Record<string, Kind<By>>>;
  /** A job's client as it is now. @throws Fault when its key is none any more, store_unavailable */
  readonly rights: (client: string) => Promise<By>;
  /** Sends the message that a job is finished. @throws when it was not taken */
  readonly send: (job: Job, callback: Callback) => Promise<void>;
  readonly itemsAtOnce: number;
  readonly clock: Clock;
  /** Whether what the store holds may be worked with yet. */
  readonly ready: () => boolean;
  readonly finished: (job: Job) => void;
  readonly log: { warn(fields: object, words: string): void; error(fields: object, words: string): void };
}

/** Long work: kept before its caller is answered, run by whichever replica has the time, and by another if that dies. */
export class Jobs<By> {
  private readonly runs = new Set<JobRun<By>>();
  private stopped = false;
  private started = false;
  private callOff: (() => void) | undefined;

  constructor(private readonly options: JobsOptions<By>) {}

  /** Takes up jobs, as soon as the store may be worked with, and now and again those that were left behind. */
  start(): void {
    const { ready, queue, clock } = this.options;
    if (this.stopped) return;
    if (ready() && !this.started) {
      this.started = true;
      queue.start({ run: (id) => this.run(id), deliver: (id, isLast) => this.deliver(id, isLast) });
    }
    if (this.started) void this.sweep();
    this.callOff = clock.after(this.started ? sweepEveryMs : 200, () => {
      this.start();
    });
  }

  /** Begins nothing more. */
  stop(): void {
    this.stopped = true;
    this.callOff?.();
    for (const run of this.runs) run.stop();
  }

  /** Resolves when every job of this replica is finished or handed back. */
  async settle(): Promise<void> {
    if (this.started) await this.options.queue.close();
  }

  /** The job, new or as it was made before. @throws Fault too_many_jobs, idempotency_conflict, store_unavailable */
  async create(wanted: NewJob): Promise<Job> {
    const { records, queue, clock } = this.options;
    if (this.stopped) throw new Fault('shutting_down');
    if (!this.started) throw new Fault('store_unavailable');
    await records.create(wanted, clock.now());
    const job = await this.find(wanted.id);
    if (job.state === 'queued') await asking(() => queue.add(job.id));
    return job;
  }

  /** @throws Fault job_not_found, store_unavailable */
  async find(id: string): Promise<Job> {
    const job = await this.options.records.find(id);
    if (!job) throw new Fault('job_not_found');
    return job;
  }

  /** Where it is told that the job is finished. */
  callback(id: string): Promise<Callback | undefined> {
    return this.options.records.callback(id);
  }

  /** What was not begun is not sent. A job that is finished stays as it is. */
  async cancel(id: string): Promise<Job> {
    const { records, clock, queue } = this.options;
    const what = await records.cancel(id, clock.now());
    if (what === 'cancelled') await this.conclude(id);
    if (what === 'asked') await asking(() => queue.add(id));
    return this.find(id);
  }

  /** Finished, or to be left; false: another is to go on. */
  private async run(id: string): Promise<boolean> {
    const { records, clock, log } = this.options;
    if (this.stopped) return false;
    const runner = randomUUID();
    try {
      const deaths = await records.begin(id, runner, clock.now());
      if (deaths === undefined) return await this.conclude(id);
      const ending = deaths > mostDeaths ? tooManyDeaths() : await this.goOn(id, runner);
      return await this.ended(id, runner, ending);
    } catch (error) {
      const { code } = asFault(error);
      if (code === 'store_unavailable') return false;
      log.error({ err: error, job: id }, 'a job could not be run');
      return this.ended(id, runner, new Fault('internal_error'));
    }
  }

  private async goOn(id: string, runner: string): Promise<Ending> {
    const { records, clock, kinds, rights, itemsAtOnce } = this.options;
    const job = await this.find(id);
    const kind = kinds[job.kind];
    const payload = await records.payload(id);
    if (!kind || payload === undefined) return new Fault('internal_error', { detail: 'What it was to do is lost.' });
    const { total, client } = job;
    const work = kind(payload);
    const run = new JobRun({ id, runner, records, work, total, rights: () => rights(client), itemsAtOnce, clock });
    this.runs.add(run);
    if (this.stopped) run.stop();
    try {
      return await run.go();
    } finally {
      this.runs.delete(run);
    }
  }

  private async ended(id: string, runner: string, ending: Ending): Promise<boolean> {
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

  /** What comes after the end of a job, as often as it takes. */
  private async conclude(id: string): Promise<true> {
    const { records, queue, finished } = this.options;
    const job = await records.find(id);
    if (!job || job.state === 'queued' || job.state === 'running') return true;
    if (job.callback === 'due') await asking(() => queue.addDelivery(id));
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

  /** A job whose maker died before it was queued, or whose queue lost it. */
  private async sweep(): Promise<void> {
    const { records, queue, clock } = this.options;
    try {
      for (const id of await records.open(clock.now() - sweepEveryMs)) {
        const job = await records.find(id);
        if (job && (job.state === 'queued' || job.state === 'running')) await queue.add(id);
        else if (job) await this.conclude(id);
      }
    } catch {
      // The store is away; what it holds is still there later.
    }
  }
}

function tooManyDeaths(): Fault {
  return new Fault('internal_error', { detail: `It was given up: ${mostDeaths} replicas ended while they ran it.` });
}

async function asking<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    throw error instanceof Fault ? error : new Fault('store_unavailable', { cause: error });
  }
}
