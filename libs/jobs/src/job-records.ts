import { asFault, Fault, Secret, type StorageBudget, storedBytes } from '@b24/portal';
import { loadScripts, orStoreUnavailable } from '@b24/redis';
import type { Keyring, Sealer } from '@b24/seal';
import type { Cluster, Redis } from 'ioredis';
import type { JobCallback, Job, JobState, NewJob, ItemOutcome } from './job';

/* Every key and field is in docs/storage.md. The braces keep a job's keys, and the lists, on one node of a cluster. */
const jobKey = (id: string) => `b24:{${id}}:job`;
const itemsKey = (id: string) => `b24:{${id}}:items`;
const resultsKey = (id: string) => `b24:{${id}}:results`;
const allKey = 'b24:{jobs}:all';
const ofKey = (client: string) => `b24:{jobs}:of:${client}`;
const openKey = 'b24:{jobs}:open';
const resultsReadAtOnce = 50;
/** A result that is larger is not kept. */
const maxItemResultBytes = 2 * 1024 * 1024;

/** What a job takes besides its payload and its results: its fields, its places in the lists and in the queue. */
const jobBytes = 4096;

export interface JobRecordLimits {
  readonly keepMs: number;
  /** Of all results of a job, sealed. */
  readonly maxResultBytes: number;
  /** Jobs of a client that are not finished. */
  readonly maxOpen: number;
}

/** Whose the job is by now: ours, another's (or it is gone), or it shall end. */
export type Ownership = 'ours' | 'lost' | 'cancelled';
export type ResultStorage = 'kept' | 'lost' | 'too_large';

/** Who changes which job. */
export interface RunIdentity {
  readonly id: string;
  readonly client: string;
  readonly runner: string;
}

const scripts = {
  createJob: 1,
  beginJob: 1,
  beginItem: 2,
  recordResult: 3,
  releaseItem: 2,
  handBackJob: 1,
  endJob: 3,
  cancelJob: 2,
  openJob: 3,
} as const;
type JobHash = Readonly<Record<string, string | undefined>>;

/**
 * Jobs as Redis keeps them, what they are to do and what they came to sealed. Whoever runs a job names itself in each
 * change, so that one that was taken for dead changes nothing. Every method throws Fault `store_unavailable` when the
 * store can't be asked.
 */
export class JobRecords {
  private readonly run;
  private readonly seal: Sealer;
  private readonly resultSeal: Sealer;

  constructor(
    private readonly redis: Redis | Cluster,
    seals: Keyring,
    private readonly limits: JobRecordLimits,
    private readonly storage: StorageBudget,
  ) {
    this.run = loadScripts<Record<keyof typeof scripts, number>>(redis, __dirname, scripts);
    this.seal = seals.for('jobs');
    this.resultSeal = seals.for('job results');
  }

  /**
   * False when the same is there already.
   * @throws Fault too_many_jobs, storage_budget_spent, idempotency_conflict when another is there
   */
  create(job: NewJob, nowMs: number): Promise<boolean> {
    return orStoreUnavailable(async () => {
      const { id, client, kind, total, fingerprint, payload, callback, reservedBytes } = job;
      const { keepMs, maxOpen } = this.limits;
      const there = await this.redis.hget(jobKey(id), 'fingerprint');
      if (there !== null && there !== fingerprint) throw new Fault('idempotency_conflict');
      if (there !== null) return false;
      const fields = ['client', client, 'kind', kind, 'state', 'queued', 'total', total, 'createdAtMs', nowMs];
      const sealed = (what: string, value: unknown) => [
        what,
        this.seal.seal(new Secret(JSON.stringify(value)), aadOf(id, what)),
      ];
      const target = callback && { url: callback.url, secret: callback.secret.reveal() };
      const call = target ? [...sealed('callback', target), 'callbackState', 'due'] : [];
      const all = [...fields, ...sealed('payload', payload), ...call];
      const bytes = jobBytes + reservedBytes + storedBytes(all.join('').length);
      // In this order: nothing that is not counted, and no job without its place in the lists, whatever dies in between
      // (docs/storage.md).
      const charge = await this.storage.charge(client, bytes, { entry: id });
      const open = await this.run.openJob(allKey, ofKey(client), openKey, client, id, nowMs, keepMs, maxOpen);
      if (open === 0) {
        await this.storage.release(client, charge);
        throw new Fault('too_many_jobs', { retryAfterMs: 10_000 });
      }
      const made = await this.run.createJob(jobKey(id), fingerprint, keepMs, ...all);
      if (made === -1) throw new Fault('idempotency_conflict');
      return made === 1;
    });
  }

  find(id: string): Promise<Job | undefined> {
    return orStoreUnavailable(async () => toJob(id, await this.redis.hgetall(jobKey(id))));
  }

  /** The newest first; of all clients when none is named. */
  list({ client, after, limit }: { client?: string; after: number; limit: number }): Promise<{
    jobs: Job[];
    next?: number;
  }> {
    return orStoreUnavailable(async () => {
      const key = client === undefined ? allKey : ofKey(client);
      const ids = await this.redis.zrevrange(key, after, after + limit);
      const found = await Promise.all(ids.slice(0, limit).map((id) => this.find(id)));
      const jobs = found.filter((it) => it !== undefined);
      return { jobs, ...(ids.length > limit && { next: after + limit }) };
    });
  }

  /** Jobs that were not finished a while ago. */
  open(untilMs: number): Promise<{ client: string; id: string }[]> {
    return orStoreUnavailable(async () => {
      const members = await this.redis.zrangebyscore(openKey, '-inf', untilMs);
      return members.map((member) => {
        const [client = '', id = ''] = member.split(' ');
        return { client, id };
      });
    });
  }

  payload(id: string): Promise<unknown> {
    return orStoreUnavailable(async () => {
      const sealed = await this.redis.hget(jobKey(id), 'payload');
      return sealed === null
        ? undefined
        : (JSON.parse(this.seal.open(sealed, aadOf(id, 'payload')).reveal()) as unknown);
    });
  }

  callback(id: string): Promise<JobCallback | undefined> {
    return orStoreUnavailable(async () => {
      const sealed = await this.redis.hget(jobKey(id), 'callback');
      if (sealed === null) return undefined;
      const target = this.seal.open(sealed, aadOf(id, 'callback')).reveal();
      const { url, secret } = JSON.parse(target) as { url: string; secret: string };
      return { url, secret: new Secret(secret) };
    });
  }

  callbackIs(id: string, state: 'delivered' | 'given_up'): Promise<void> {
    return orStoreUnavailable(async () => {
      if ((await this.redis.hexists(jobKey(id), 'callbackState')) === 1)
        await this.redis.hset(jobKey(id), 'callbackState', state);
    });
  }

  /** How many runners died over it; undefined when there is nothing to run. */
  begin(id: string, runner: string, nowMs: number): Promise<number | undefined> {
    return orStoreUnavailable(async () => {
      const deaths = await this.run.beginJob(jobKey(id), runner, nowMs, this.limits.keepMs);
      return deaths < 0 ? undefined : deaths;
    });
  }

  /** It counts as long as it is kept: from its begin, as its record is. */
  async chargeRecord({ id, client }: Job): Promise<void> {
    await this.storage.charge(client, 0, { entry: id, room: 0 });
  }

  /**
   * Indexes of items that have a result, and of those that an earlier runner may have sent; whether nothing more may be
   * sent.
   */
  progress(id: string): Promise<{ done: ReadonlySet<number>; sent: readonly number[]; noMore: boolean }> {
    return orStoreUnavailable(async () => {
      const [done, sent, noMore] = await Promise.all([
        this.redis.hkeys(resultsKey(id)),
        this.redis.hkeys(itemsKey(id)),
        this.redis.hexists(jobKey(id), 'noMore'),
      ]);
      return { done: new Set(done.map(Number)), sent: sent.map(Number), noMore: noMore === 1 };
    });
  }

  /** Asked before each item is sent. @param isWrite it is written down first, since nobody may send it twice */
  beginItem(id: string, runner: string, index: number, isWrite: boolean): Promise<Ownership> {
    return orStoreUnavailable(async () => {
      const { keepMs } = this.limits;
      const may = await this.run.beginItem(jobKey(id), itemsKey(id), runner, index, isWrite ? '1' : '', keepMs);
      return may === 1 ? 'ours' : may === 0 ? 'lost' : 'cancelled';
    });
  }

  /** It was certainly not sent. */
  releaseItem(id: string, runner: string, index: number): Promise<void> {
    return orStoreUnavailable(async () => {
      await this.run.releaseItem(jobKey(id), itemsKey(id), runner, index);
    });
  }

  /**
   * Whether there was room for it, in the job and in its client's budget; `lost` when the job is another's.
   * @param reserved what of its bytes was counted when the job was made
   */
  async recordResult(by: RunIdentity, index: number, outcome: ItemOutcome, reserved: number): Promise<ResultStorage> {
    const { line, code, forbidsMore } = outcome;
    const text = JSON.stringify(line);
    if (Buffer.byteLength(text) > maxItemResultBytes) return 'too_large';
    const sealed = this.resultSeal.seal(new Secret(text), aadOf(by.id, index));
    // A result that says only that another was too large finds room for itself.
    const isForced = code === 'result_too_large';
    const excess = isForced ? 0 : Math.max(0, storedBytes(sealed.length) - reserved);
    const charge = excess > 0 && (await this.storage.charge(by.client, excess, { entry: by.id }).catch(unlessSpent));
    if (charge === undefined) return 'too_large';
    const stored = await orStoreUnavailable(() => {
      const room = isForced ? Number.MAX_SAFE_INTEGER : this.limits.maxResultBytes;
      const counted = code === 'ok' ? 'done' : 'failed';
      const args = [by.runner, index, sealed, counted, room, this.limits.keepMs, forbidsMore ? '1' : ''];
      return this.run.recordResult(jobKey(by.id), itemsKey(by.id), resultsKey(by.id), ...args);
    });
    if (stored !== 1 && charge) await this.storage.release(by.client, charge);
    return stored === 1 ? 'kept' : stored === 0 ? 'lost' : 'too_large';
  }

  handBack(id: string, runner: string): Promise<void> {
    return orStoreUnavailable(async () => {
      await this.run.handBackJob(jobKey(id), runner);
    });
  }

  end(id: string, runner: string, state: JobState, nowMs: number, problem?: Job['problem']): Promise<void> {
    return orStoreUnavailable(async () => {
      const keys = [jobKey(id), itemsKey(id), resultsKey(id)];
      const why = problem ? JSON.stringify(problem) : '';
      await this.run.endJob(...keys, runner, state, why, nowMs, this.limits.keepMs);
    });
  }

  /** It is finished: from now on it counts what it keeps, and it leaves the list of those that are not. */
  async close(id: string, client: string): Promise<void> {
    const [bytes, done] = await orStoreUnavailable(() => this.redis.hmget(jobKey(id), 'bytes', 'done'));
    const results = storedBytes(Number(bytes ?? 0)) + Number(done ?? 0) * storedBytes(0);
    await this.storage.settle(client, id, jobBytes + results);
    await this.drop(id, client);
  }

  /** It leaves the list of those that are not finished. */
  drop(id: string, client: string): Promise<void> {
    return orStoreUnavailable(async () => {
      await this.redis.zrem(openKey, `${client} ${id}`);
    });
  }

  cancel(id: string, nowMs: number): Promise<'cancelled' | 'asked' | 'finished'> {
    return orStoreUnavailable(async () => {
      const what = await this.run.cancelJob(jobKey(id), itemsKey(id), nowMs);
      return what === 1 ? 'cancelled' : what === 0 ? 'asked' : 'finished';
    });
  }

  /** Lines of JSON of those items that have a result, in their order. */
  async *results(id: string, total: number): AsyncGenerator<string, void, undefined> {
    for (let at = 0; at < total; at += resultsReadAtOnce) {
      const indexes = Array.from({ length: Math.min(resultsReadAtOnce, total - at) }, (_, i) => at + i);
      const sealed = await orStoreUnavailable(() => this.redis.hmget(resultsKey(id), ...indexes.map(String)));
      for (const [i, text] of sealed.entries()) {
        if (text !== null) yield this.resultSeal.open(text, aadOf(id, at + i)).reveal();
      }
    }
  }
}

function aadOf(id: string, what: string | number): string {
  return `job|${id}|${what}`;
}

function toJob(id: string, hash: JobHash): Job | undefined {
  const { state, client, kind } = hash;
  if (!state || !client || !kind) return undefined;
  const { startedAtMs, finishedAtMs, problem, callbackState } = hash;
  return {
    ...{ id, client, kind, state: state as JobState },
    total: Number(hash['total']),
    done: Number(hash['done'] ?? 0),
    failed: Number(hash['failed'] ?? 0),
    createdAtMs: Number(hash['createdAtMs']),
    ...(startedAtMs && { startedAtMs: Number(startedAtMs) }),
    ...(finishedAtMs && { finishedAtMs: Number(finishedAtMs) }),
    ...(problem && { problem: JSON.parse(problem) as NonNullable<Job['problem']> }),
    ...(callbackState && { callback: callbackState as NonNullable<Job['callback']> }),
  };
}

function unlessSpent(error: unknown): undefined {
  if (asFault(error).code !== 'storage_budget_spent') throw error;
}
