import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault, type Secret, type Sealer, type Seals } from '@b24/portal';
import type { Cluster, Redis } from 'ioredis';
import type { Doubt } from './settlement';
import type { Claim, Taken, WriteRecords } from './write-records';

/* The fields are in docs/storage.md. A record is one key, so it needs no hash tag. */
const recordKey = (name: string) => `b24:write:${name}`;
const placeOf = (name: string) => `write|${name}`;

export interface RecordTimes {
  /** A holder that does not renew for so long is taken for dead. */
  readonly leaseMs: number;
  /** How long a portal may run one call. */
  readonly callLimitMs: number;
  readonly keepMs: number;
}

const scripts = ['takeWrite', 'renewWrite', 'answerWrite', 'doubtWrite', 'freeWrite'] as const;
type Run = (key: string, ...args: (string | number)[]) => Promise<unknown>;

/** One Redis hash a write, by Redis's own time; answers are sealed, since they may show a client's key. */
export class RedisWriteRecords implements WriteRecords {
  private readonly run: Record<(typeof scripts)[number], Run>;
  private readonly seal: Sealer;

  constructor(
    redis: Redis | Cluster,
    seals: Seals,
    private readonly times: RecordTimes,
  ) {
    for (const name of scripts) {
      redis.defineCommand(name, { numberOfKeys: 1, lua: readFileSync(join(__dirname, `${name}.lua`), 'utf8') });
    }
    this.run = redis as unknown as RedisWriteRecords['run'];
    this.seal = seals.for('write answers');
  }

  async take({ name, fingerprint, holder }: Claim): Promise<Taken> {
    const { leaseMs, callLimitMs, keepMs } = this.times;
    const [kind, what] = (await asking(() =>
      this.run.takeWrite(recordKey(name), fingerprint, holder, leaseMs, callLimitMs, keepMs),
    )) as [Taken['kind'], (string | number)?];
    if (kind === 'answered') return { kind, answer: this.seal.open(String(what), placeOf(name)) };
    if (kind === 'taken' && what !== undefined) return { kind, doubt: { mayRunForMs: Number(what) } };
    return { kind };
  }

  async renew({ name, holder }: Claim): Promise<boolean> {
    return (await asking(() => this.run.renewWrite(recordKey(name), holder, this.times.leaseMs))) === 1;
  }

  async answer({ name, holder }: Claim, answer: Secret): Promise<void> {
    const sealed = this.seal.close(answer, placeOf(name));
    await asking(() => this.run.answerWrite(recordKey(name), holder, sealed, this.times.keepMs));
  }

  async doubt({ name, holder }: Claim, { mayRunForMs }: Doubt): Promise<void> {
    await asking(() => this.run.doubtWrite(recordKey(name), holder, Math.ceil(mayRunForMs), this.times.keepMs));
  }

  async free({ name, holder }: Claim): Promise<boolean> {
    return (await asking(() => this.run.freeWrite(recordKey(name), holder))) === 1;
  }
}

async function asking<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    throw error instanceof Fault ? error : new Fault('store_unavailable', { cause: error });
  }
}
