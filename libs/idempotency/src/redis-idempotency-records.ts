import type { Secret } from '@b24/portal';
import { loadScripts, orStoreUnavailable } from '@b24/redis';
import type { Keyring, Sealer } from '@b24/seal';
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

const scripts = { acquireWrite: 1, renewWrite: 1, completeWrite: 1, markWriteUnknown: 1, releaseWrite: 1 } as const;

/** Stores each record as a Redis hash and reads the time from Redis. Answers are sealed because they may hold a client key. */
export class RedisIdempotencyRecords implements IdempotencyRecords {
  private readonly run;
  private readonly seal: Sealer;

  constructor(
    redis: Redis | Cluster,
    seals: Keyring,
    private readonly times: IdempotencyRecordTimes,
  ) {
    this.run = loadScripts<Record<keyof typeof scripts, unknown>>(redis, __dirname, scripts);
    this.seal = seals.for('write answers');
  }

  async acquire({ name, fingerprint, holder }: IdempotentWrite): Promise<AcquireResult> {
    const { leaseMs, callLimitMs, keepMs } = this.times;
    const [kind, what] = (await orStoreUnavailable(() =>
      this.run.acquireWrite(recordKey(name), fingerprint, holder, leaseMs, callLimitMs, keepMs),
    )) as [AcquireResult['kind'], (string | number)?];
    if (kind === 'answered') return { kind, answer: this.seal.open(String(what), aadOf(name)) };
    if (kind === 'acquired' && what !== undefined) return { kind, unknownOutcome: { mayRunForMs: Number(what) } };
    return { kind };
  }

  async renew({ name, holder }: IdempotentWrite): Promise<boolean> {
    return (await orStoreUnavailable(() => this.run.renewWrite(recordKey(name), holder, this.times.leaseMs))) === 1;
  }

  async complete({ name, holder }: IdempotentWrite, answer: Secret): Promise<void> {
    const sealed = this.seal.seal(answer, aadOf(name));
    await orStoreUnavailable(() => this.run.completeWrite(recordKey(name), holder, sealed, this.times.keepMs));
  }

  async markUnknown({ name, holder }: IdempotentWrite, { mayRunForMs }: UnknownOutcome): Promise<void> {
    await orStoreUnavailable(() =>
      this.run.markWriteUnknown(recordKey(name), holder, Math.ceil(mayRunForMs), this.times.keepMs),
    );
  }

  async release({ name, holder }: IdempotentWrite): Promise<boolean> {
    return (await orStoreUnavailable(() => this.run.releaseWrite(recordKey(name), holder))) === 1;
  }
}
