import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault, type Secret, type Sealer, type Seals } from '@b24/portal';
import type { Cluster, Redis } from 'ioredis';
import type { UnknownOutcome } from './settle-write';
import type { IdempotentWrite, AcquireResult, IdempotencyRecords } from './idempotency-records';

/* The fields are in docs/storage.md. A record is one key, so it needs no hash tag. */
const recordKey = (name: string) => `b24:write:${name}`;
const aadOf = (name: string) => `write|${name}`;

export interface IdempotencyRecordTimes {
  /** How long a holder may go without renewing before another attempt takes its record over. */
  readonly leaseMs: number;
  /** The longest that a portal may run one call. */
  readonly callLimitMs: number;
  readonly keepMs: number;
}

const scripts = ['acquireWrite', 'renewWrite', 'completeWrite', 'markWriteUnknown', 'releaseWrite'] as const;
type RecordScript = (key: string, ...args: (string | number)[]) => Promise<unknown>;

/** Stores each record as a Redis hash and reads the time from Redis. Answers are sealed because they may hold a client key. */
export class RedisIdempotencyRecords implements IdempotencyRecords {
  private readonly run: Record<(typeof scripts)[number], RecordScript>;
  private readonly seal: Sealer;

  constructor(
    redis: Redis | Cluster,
    seals: Seals,
    private readonly times: IdempotencyRecordTimes,
  ) {
    for (const name of scripts) {
      redis.defineCommand(name, { numberOfKeys: 1, lua: readFileSync(join(__dirname, `${name}.lua`), 'utf8') });
    }
    this.run = redis as unknown as RedisIdempotencyRecords['run'];
    this.seal = seals.for('write answers');
  }

  async acquire({ name, fingerprint, holder }: IdempotentWrite): Promise<AcquireResult> {
    const { leaseMs, callLimitMs, keepMs } = this.times;
    const [kind, what] = (await asking(() =>
      this.run.acquireWrite(recordKey(name), fingerprint, holder, leaseMs, callLimitMs, keepMs),
    )) as [AcquireResult['kind'], (string | number)?];
    if (kind === 'answered') return { kind, answer: this.seal.open(String(what), aadOf(name)) };
    if (kind === 'acquired' && what !== undefined) return { kind, unknownOutcome: { mayRunForMs: Number(what) } };
    return { kind };
  }

  async renew({ name, holder }: IdempotentWrite): Promise<boolean> {
    return (await asking(() => this.run.renewWrite(recordKey(name), holder, this.times.leaseMs))) === 1;
  }

  async complete({ name, holder }: IdempotentWrite, answer: Secret): Promise<void> {
    const sealed = this.seal.close(answer, aadOf(name));
    await asking(() => this.run.completeWrite(recordKey(name), holder, sealed, this.times.keepMs));
  }

  async markUnknown({ name, holder }: IdempotentWrite, { mayRunForMs }: UnknownOutcome): Promise<void> {
    await asking(() => this.run.markWriteUnknown(recordKey(name), holder, Math.ceil(mayRunForMs), this.times.keepMs));
  }

  async release({ name, holder }: IdempotentWrite): Promise<boolean> {
    return (await asking(() => this.run.releaseWrite(recordKey(name), holder))) === 1;
  }
}

async function asking<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    throw error instanceof Fault ? error : new Fault('store_unavailable', { cause: error });
  }
}
