import type { Job as Entry, Queue, Worker } from 'bullmq';
import type { Clock } from '@b24/portal';
import type { Cluster, Redis } from 'ioredis';
import type * as bullmqModule from './bullmq';

/* BullMQ stays in this file and bullmq.ts (docs/decisions/0016). Braces: all its keys are on one node of a cluster. */
const prefix = '{b24-jobs}';
/** A runner that is silent for this long counts as dead. The queue checks as often. */
const lockMs = 10_000;
const stalledEveryMs = 5000;
/** A job that kills its runners is ended by the count in its record; this limit is never reached before it. */
const maxStalls = 1000;
/** Delays of 2 s, 4 s, 8 s …, more than two hours in total. */
const deliveries = { attempts: 12, backoff: { type: 'exponential', delay: 2000 } } as const;
const closeMs = 8000;

export interface JobQueueOptions {
  /** For commands during a request. */
  readonly redis: Redis | Cluster;
  /** For blocking commands, which have no time limit. */
  readonly waiting: Redis | Cluster;
  /** Jobs that this replica runs at once. */
  readonly jobsAtOnce: number;
  readonly clock: Clock;
}

export interface JobWorkers {
  /** Runs one job with this ticket. Returns false if the ticket is to be used again. */
  readonly run: (ticket: string) => Promise<boolean>;
  /** Reports that the job is finished. @param isLast there is no further attempt. @throws to be tried again */
  readonly deliver: (id: string, isLast: boolean) => Promise<void>;
}

/**
 * Hands out slots over all replicas: one ticket for each unfinished job. Which job runs with a ticket is decided in
 * slot-order.ts. One replica at a time holds a ticket; another takes it over when that replica dies.
 */
export class JobQueue {
  private jobs: Queue | undefined;
  private callbacks: Queue | undefined;
  private workers: Worker[] = [];

  constructor(private readonly options: JobQueueOptions) {}

  start({ run, deliver }: JobWorkers): void {
    const { redis, waiting, jobsAtOnce } = this.options;
    const { Queue, WaitingError, Worker } = bullmq();
    const common = { prefix, skipVersionCheck: true };
    this.jobs = new Queue('jobs', { ...common, connection: redis });
    this.callbacks = new Queue('callbacks', { ...common, connection: redis });
    const work = {
      ...{ ...common, connection: waiting, lockDuration: lockMs, stalledInterval: stalledEveryMs },
      ...{ maxStalledCount: maxStalls, removeOnComplete: { count: 0 }, removeOnFail: { count: 0 } },
    };
    const runner = async (entry: Entry, token?: string) => {
      if (await run(entry.id ?? '')) return;
      await entry.moveToWait(token);
      throw new WaitingError();
    };
    const deliverer = (entry: Entry) => deliver(entry.id ?? '', entry.attemptsMade + 1 >= deliveries.attempts);
    this.workers = [
      new Worker('jobs', runner, { ...work, concurrency: jobsAtOnce }),
      new Worker('callbacks', deliverer, { ...work, concurrency: 10 }),
    ];
    // The connections report a store that does not answer.
    for (const queue of [this.jobs, this.callbacks]) queue.on('error', () => undefined);
    for (const worker of this.workers) worker.on('error', () => undefined);
  }

  /** Adds a ticket. A ticket with the same id that waits or is in use stays as it is. */
  async add(id: string): Promise<void> {
    await this.jobs?.add('job', {}, { jobId: id, removeOnComplete: true, removeOnFail: true });
  }

  async addDelivery(id: string): Promise<void> {
    await this.callbacks?.add('callback', {}, { jobId: id, ...deliveries, removeOnComplete: true, removeOnFail: true });
  }

  /** Returns the tickets in use, over all replicas. */
  async active(): Promise<ReadonlySet<string>> {
    const entries = (await this.jobs?.getActive()) ?? [];
    return new Set(entries.map(({ id }) => id ?? ''));
  }

  /** Returns the numbers of jobs over all replicas. */
  async counts(): Promise<{ waiting: number; running: number }> {
    const counts = (await this.jobs?.getJobCounts('wait', 'active')) ?? {};
    return { waiting: counts['wait'] ?? 0, running: counts['active'] ?? 0 };
  }

  /** Takes no further ticket. Resolves when each ticket that was taken is handed back or finished. */
  async close(): Promise<void> {
    const closed = Promise.all(this.workers.map((worker) => worker.close()));
    let callOff: () => void = () => undefined;
    const late = new Promise<void>((resolve) => (callOff = this.options.clock.after(closeMs, resolve)));
    // Does not wait for a store that does not answer: other replicas notice that this one is gone.
    await Promise.race([closed, late]).finally(() => {
      callOff();
    });
  }
}

/** Loads BullMQ when its workers start: after the replica has begun to listen. */
function bullmq(): typeof bullmqModule {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- not before it is needed
  return require('./bullmq') as typeof bullmqModule;
}
