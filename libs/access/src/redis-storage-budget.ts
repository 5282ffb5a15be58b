import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChargeOptions, Fault, type StorageBudget, type StorageCharge } from '@b24/portal';
import type { Cluster, Redis } from 'ioredis';

/* The fields are in docs/storage.md. The braces keep both keys of a client on one node of a cluster. */
const entriesKey = (client: string) => `b24:{${client}}:storage`;
const livesKey = (client: string) => `b24:{${client}}:storage:lives`;

export interface StorageLimits {
  /** Of each client. */
  readonly bytes: number;
  /** How long an entry counts after its last charge: longer than what is charged for lives. */
  readonly lifeMs: number;
}

interface Scripts {
  chargeStorage(...args: (string | number)[]): Promise<[1, string] | [0, number]>;
  releaseStorage(...args: (string | number)[]): Promise<number>;
}

/**
 * A client's budget in Redis, by Redis's own time. A record is charged before it is stored and released after it is
 * gone: a replica that dies in between leaves a charge too many, never one too few, until the entry's life is over.
 */
export class RedisStorageBudget implements StorageBudget {
  private readonly run: Scripts;

  constructor(
    redis: Redis | Cluster,
    private readonly limits: StorageLimits,
  ) {
    for (const name of ['chargeStorage', 'releaseStorage'])
      redis.defineCommand(name, { numberOfKeys: 2, lua: readFileSync(join(__dirname, `${name}.lua`), 'utf8') });
    this.run = redis as unknown as Scripts;
  }

  async charge(
    client: string,
    bytes: number,
    { entry = '', room = bytes }: ChargeOptions = {},
  ): Promise<StorageCharge> {
    const { bytes: limit, lifeMs } = this.limits;
    const [isCounted, what] = await asking(() =>
      this.run.chargeStorage(...keysOf(client), entry, bytes, room, limit, lifeMs),
    );
    if (isCounted === 0) throw new Fault('storage_budget_spent', { retryAfterMs: Number(what) });
    return { entry: String(what), bytes };
  }

  async release(client: string, { entry, bytes }: StorageCharge): Promise<void> {
    await asking(() => this.run.releaseStorage(...keysOf(client), entry, 'less', bytes, this.limits.lifeMs));
  }

  async settle(client: string, entry: string, bytes: number): Promise<void> {
    await asking(() => this.run.releaseStorage(...keysOf(client), entry, 'exactly', bytes, this.limits.lifeMs));
  }
}

function keysOf(client: string): [string, string] {
  return [entriesKey(client), livesKey(client)];
}

async function asking<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    throw error instanceof Fault ? error : new Fault('store_unavailable', { cause: error });
  }
}
