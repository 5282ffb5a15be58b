import { type Job as Entry, Queue, WaitingError, Worker } from 'bullmq';
import type { Clock } from '@b24/portal';
import type { Cluster, Redis } from 'ioredis';

/* BullMQ stays in this file (docs/decisions/0016). Braces: all its keys are on one node of a cluster. */
const prefix = '{b24-jobs}';
/** Who is silent for so long is taken for dead; looked at as often. */
const lockMs = 10_000;
const stalledEveryMs = 5000;
/** A job that kills whoever runs it is ended by its record, which counts too; this is beyond. */
const maxStalls = 1000;
/** 2 s, 4 s, 8 s … over two hours in all. */
const deliveries = { attempts: 12, backoff: { type: 'exponential', delay: 2000 } } as const;
const closeMs = 8000;

export interface JobQueueOptions {
  /** Asked in the course of a request. */
  readonly redis: Redis | Cluster;
  /** Waited at: its questions have no time limit. */
  readonly waiting: Redis | Cluster;
  /** Jobs that this replica runs at once. */
  readonly jobsAtOnce: number;
  readonly clock: Clock;
}

export interface JobWorkers {
  /** Runs one job by this ticket; false: the ticket is to be used again. */
  readonly run: (ticket: string) => Promise<boolean>;
  /** Tells that it is finished. @param isLast it is not tried again. @throws when it is to be tried again */
  readonly deliver: (id: string, isLast: boolean) => Promise<void>;
}

/**
 * Hands out slots over all replicas, by a ticket for each job that is not finished: whose job runs by it is said
 * elsewhere (turns.ts). A ticket is with one replica at a time, and with another when that dies.
 */
export class JobQueue {
  private jobs: Queue | undefined;
  private callbacks: Queue | undefined;
  private workers: Worker[] = [];

  constructor(private readonly options: JobQueueOptions) {}

  start({ run, deliver }: JobWorkers): void {
    const { redis, waiting, jobsAtOnce } = this.options;
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
    // A store that is away is told of by its connections.
    for (const queue of [this.jobs, this.callbacks]) queue.on('error', () => undefined);
    for (const worker of this.workers) worker.on('error', () => undefined);
  }

  /** A ticket more; the same id again changes nothing while it waits or is used. */
  async add(id: string): Promise<void> {
    await this.jobs?.add('job', {}, { jobId: id, removeOnComplete: true, removeOnFail: true });
  }

  async addDelivery(id: string): Promise<void> {
    await this.callbacks?.add('callback', {}, { jobId: id, ...deliveries, removeOnComplete: true, removeOnFail: true });
  }

  /** Tickets that are used, over all replicas. */
  async active(): Promise<ReadonlySet<string>> {
    const entries = (await this.jobs?.getActive()) ?? [];
    return new Set(entries.map(({ id }) => id ?? ''));
  }

  /** Over all replicas. */
  async counts(): Promise<{ waiting: number; running: number }> {
    const counts = (await this.jobs?.getJobCounts('wait', 'active')) ?? {};
    return { waiting: counts['wait'] ?? 0, running: counts['active'] ?? 0 };
  }

  /** Takes no more, and resolves when what was taken is handed back or finished. */
  async close(): Promise<void> {
    const closed = Promise.all(this.workers.map((worker) => worker.close()));
    let callOff: () => void = () => undefined;
    const late = new Promise<void>((resolve) => (callOff = this.options.clock.after(closeMs, resolve)));
    // With a store that is away there is nothing to wait for: others find out by themselves.
    await Promise.race([closed, late]).finally(() => {
      callOff();
    });
  }
}
