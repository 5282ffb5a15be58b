import { asFault, Fault, readJson, Secret, type StorageBudget, storedBytes, writeJson } from '@b24/portal';
import { loadScripts, orStoreUnavailable } from '@b24/redis';
import type { Keyring, Sealer } from '@b24/seal';
import type { Cluster, Redis } from 'ioredis';
import type { JobCallback, Job, JobState, NewJob, ItemOutcome } from './job';

/* Every key and field is in docs/storage.md. The braces keep a job's keys, and the lists, on one node of a cluster. */
const jobKey = (id: string) => `b24:{${id}}:job`;
const itemsKey = (id: string) => `b24:{${id}}:items`;
const resultsKey = (id: string) => `b24:{${id}}:results`;
const failuresKey = (id: string) => `b24:{${id}}:failures`;
const allKey = 'b24:{jobs}:all';
const ofKey = (client: string) => `b24:{jobs}:of:${client}`;
const openKey = 'b24:{jobs}:open';
const failedPrefix = 'failed:';
const resultsReadAtOnce = 50;
/** Maximum size of a result that is stored. */
const maxItemResultBytes = 2 * 1024 * 1024;

/** Bytes of a job besides its payload and results: its fields and its entries in the lists and the queue. */
const jobBytes = 4096;

export interface JobRecordLimits {
  readonly keepMs: number;
  /** Maximum bytes of all sealed results of a job. */
  readonly maxResultBytes: number;
  /** Maximum unfinished jobs of a client. */
  readonly maxOpen: number;
}

/** ours: this run owns the job. lost: another run owns it, or it is gone. cancelled: the run has to end. */
export type Ownership = 'ours' | 'lost' | 'cancelled';
export type ResultStorage = 'kept' | 'lost' | 'too_large';

/** The run that makes a change, and its job. */
export interface RunIdentity {
  readonly id: string;
  readonly client: string;
  readonly runner: string;
}

const scripts = {
  createJob: 1,
  beginJob: 1,
  beginItem: 2,
  recordResult: 4,
  releaseItem: 2,
  handBackJob: 1,
  endJob: 4,
  cancelJob: 2,
  openJob: 3,
} as const;
type JobHash = Readonly<Record<string, string | undefined>>;

/**
 * The records of jobs in Redis; payloads and results are sealed. Every change carries the id of its run, so a run that
 * counts as dead changes nothing. Every method throws Fault `store_unavailable` if the store does not answer.
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
   * Returns false if the same job exists already.
   * @throws Fault too_many_jobs, storage_budget_spent, idempotency_conflict if a different job has this id
   */
  create(job: NewJob, nowMs: number): Promise<boolean> {
    return orStoreUnavailable(async () => {
      const { id, client, kind, requestId, total, fingerprint, payload, callback, reservedBytes, retryOf } = job;
      const { keepMs, maxOpen } = this.limits;
      const there = await this.redis.hget(jobKey(id), 'fingerprint');
      if (there !== null && there !== fingerprint) throw new Fault('idempotency_conflict');
      if (there !== null) return false;
      const fields = ['client', client, 'kind', kind, 'state', 'queued', 'total', total, 'createdAtMs', nowMs];
      const names = ['clientName', job.clientName, 'title', job.title, ...(retryOf ? ['retryOf', retryOf] : [])];
      const sealed = (what: string, value: unknown) => [
        what,
        this.seal.seal(new Secret(writeJson(value)), aadOf(id, what)),
      ];
      const target = callback && { url: callback.url, secret: callback.secret.reveal() };
      const call = target ? [...sealed('callback', target), 'callbackState', 'due'] : [];
      const request = requestId === undefined ? [] : ['requestId', requestId];
      const all = [...fields, ...names, ...request, ...sealed('payload', payload), ...call];
      const bytes = jobBytes + reservedBytes + storedBytes(all.join('').length);
      // In this order, so that a crash in between leaves no uncounted job and no job that is missing in the lists
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

  /** Returns the newest jobs first; those of all clients if none is named. */
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

  /** Returns jobs that have been unfinished for a while. */
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
      return sealed === null ? undefined : readJson(this.seal.open(sealed, aadOf(id, 'payload')).reveal());
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

  /** Starts a run. Returns how many runs of this job have died; undefined if there is nothing to run. */
  begin(id: string, runner: string, nowMs: number): Promise<number | undefined> {
    return orStoreUnavailable(async () => {
      const deaths = await this.run.beginJob(jobKey(id), runner, nowMs, this.limits.keepMs);
      return deaths < 0 ? undefined : deaths;
    });
  }

  /** Charges the record to the client for as long as it is stored. */
  async chargeRecord({ id, client }: Job): Promise<void> {
    await this.storage.charge(client, 0, { entry: id, room: 0 });
  }

  /**
   * Returns the indexes of items that have a result, those of items that an earlier run may have sent, and whether
   * nothing more may be sent.
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

  /**
   * Called before an item is sent. @param isWrite a write is recorded before it is sent, so that no run sends it twice
   */
  beginItem(id: string, runner: string, index: number, isWrite: boolean): Promise<Ownership> {
    return orStoreUnavailable(async () => {
      const { keepMs } = this.limits;
      const may = await this.run.beginItem(jobKey(id), itemsKey(id), runner, index, isWrite ? '1' : '', keepMs);
      return may === 1 ? 'ours' : may === 0 ? 'lost' : 'cancelled';
    });
  }

  /** Records that an item was certainly not sent. */
  releaseItem(id: string, runner: string, index: number): Promise<void> {
    return orStoreUnavailable(async () => {
      await this.run.releaseItem(jobKey(id), itemsKey(id), runner, index);
    });
  }

  /**
   * Stores a result. Returns whether the job and the client's budget had room for it; `lost` if another run owns the job.
   * @param reserved bytes of it that were charged when the job was created
   */
  async recordResult(by: RunIdentity, index: number, outcome: ItemOutcome, reserved: number): Promise<ResultStorage> {
    const { line, code, forbidsMore } = outcome;
    const text = writeJson(line);
    if (Buffer.byteLength(text) > maxItemResultBytes) return 'too_large';
    const sealed = this.resultSeal.seal(new Secret(text), aadOf(by.id, index));
    // The result that reports another result as too large has its bytes reserved.
    const isForced = code === 'result_too_large';
    const excess = isForced ? 0 : Math.max(0, storedBytes(sealed.length) - reserved);
    const charge = excess > 0 && (await this.storage.charge(by.client, excess, { entry: by.id }).catch(unlessSpent));
    if (charge === undefined) return 'too_large';
    const stored = await orStoreUnavailable(() => {
      const room = isForced ? Number.MAX_SAFE_INTEGER : this.limits.maxResultBytes;
      const failure = code === 'ok' ? '' : code;
      const keys = [jobKey(by.id), itemsKey(by.id), resultsKey(by.id), failuresKey(by.id)];
      const args = [by.runner, index, sealed, failure, room, this.limits.keepMs, forbidsMore ? '1' : ''];
      return this.run.recordResult(...keys, ...args);
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
      const keys = [jobKey(id), itemsKey(id), resultsKey(id), failuresKey(id)];
      const why = problem ? JSON.stringify(problem) : '';
      await this.run.endJob(...keys, runner, state, why, nowMs, this.limits.keepMs);
    });
  }

  /** Marks a job as finished: it is charged for what it stores and leaves the list of unfinished jobs. */
  async close(id: string, client: string): Promise<void> {
    const [[bytes, done], payloadBytes] = await orStoreUnavailable(() =>
      Promise.all([this.redis.hmget(jobKey(id), 'bytes', 'done'), this.redis.hstrlen(jobKey(id), 'payload')]),
    );
    const results = storedBytes(Number(bytes ?? 0)) + Number(done ?? 0) * storedBytes(0);
    await this.storage.settle(client, id, jobBytes + results + storedBytes(payloadBytes));
    await this.drop(id, client);
  }

  /** Removes a job from the list of unfinished jobs. */
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

  /** Returns the indexes of the items that failed, in order. */
  failures(id: string): Promise<number[]> {
    return orStoreUnavailable(async () => {
      const indexes = await this.redis.hkeys(failuresKey(id));
      return indexes.map(Number).sort((a, b) => a - b);
    });
  }

  /** Returns the JSON lines of some items, in the order of the indexes; undefined for one without a result. */
  async linesAt(id: string, indexes: readonly number[]): Promise<(string | undefined)[]> {
    if (indexes.length === 0) return [];
    const sealed = await orStoreUnavailable(() => this.redis.hmget(resultsKey(id), ...indexes.map(String)));
    return sealed.map((text, i) =>
      text === null ? undefined : this.resultSeal.open(text, aadOf(id, indexes[i] ?? 0)).reveal(),
    );
  }

  /** Yields the JSON lines of items that have a result, in order. */
  async *results(id: string, total: number): AsyncGenerator<string, void, undefined> {
    for (let at = 0; at < total; at += resultsReadAtOnce) {
      const indexes = Array.from({ length: Math.min(resultsReadAtOnce, total - at) }, (_, i) => at + i);
      for (const line of await this.linesAt(id, indexes)) if (line !== undefined) yield line;
    }
  }
}

function aadOf(id: string, what: string | number): string {
  return `job|${id}|${what}`;
}

function toJob(id: string, hash: JobHash): Job | undefined {
  const { state, client, kind } = hash;
  if (!state || !client || !kind) return undefined;
  const { startedAtMs, finishedAtMs, problem, callbackState, clientName, title, retryOf, requestId } = hash;
  return {
    ...{ id, client, kind, state: state as JobState },
    total: Number(hash['total']),
    done: Number(hash['done'] ?? 0),
    failed: Number(hash['failed'] ?? 0),
    failedByCode: failedByCode(hash),
    ...(clientName !== undefined && { clientName }),
    ...(title !== undefined && { title }),
    ...(retryOf !== undefined && { retryOf }),
    createdAtMs: Number(hash['createdAtMs']),
    ...(requestId && { requestId }),
    ...(startedAtMs && { startedAtMs: Number(startedAtMs) }),
    ...(finishedAtMs && { finishedAtMs: Number(finishedAtMs) }),
    ...(problem && { problem: JSON.parse(problem) as NonNullable<Job['problem']> }),
    ...(callbackState && { callback: callbackState as NonNullable<Job['callback']> }),
  };
}

/** The fields `failed:<code>` of a job. */
function failedByCode(hash: JobHash): Job['failedByCode'] {
  const codes = Object.entries(hash).filter(([field]) => field.startsWith(failedPrefix));
  return Object.fromEntries(codes.map(([field, n]) => [field.slice(failedPrefix.length), Number(n)]));
}

function unlessSpent(error: unknown): undefined {
  if (asFault(error).code !== 'storage_budget_spent') throw error;
}
