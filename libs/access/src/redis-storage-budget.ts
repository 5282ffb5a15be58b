import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChargeOptions, Fault, type StorageBudget, type StorageCharge } from '@b24/portal';
import type { Cluster, Redis } from 'ioredis';

/* The fields are in docs/storage.md. The braces keep both keys of a client on one node of a cluster. */
const entriesKey = (client: string) => `b24:{${client}}:storage`;
const livesKey = (client: string) => `b24:{${client}}:storage:lives`;

export interface StorageLimits {
  /** Budget of each client. */
  readonly bytes: number;
  /** How long an entry counts after its last charge. Must be longer than the charged record lives. */
  readonly lifeMs: number;
}

interface StorageScripts {
  chargeStorage(...args: (string | number)[]): Promise<[1, string] | [0, number]>;
  releaseStorage(...args: (string | number)[]): Promise<number>;
}

/**
 * The storage budgets of clients in Redis, by the time of Redis. A record is charged before it is stored and released
 * after it is gone, so a replica that dies in between leaves a charge too many, never one too few, until it expires.
 */
export class RedisStorageBudget implements StorageBudget {
  private readonly run: StorageScripts;

  constructor(
    redis: Redis | Cluster,
    private readonly limits: StorageLimits,
  ) {
    for (const name of ['chargeStorage', 'releaseStorage'])
      redis.defineCommand(name, { numberOfKeys: 2, lua: readFileSync(join(__dirname, `${name}.lua`), 'utf8') });
    this.run = redis as unknown as StorageScripts;
  }

  async charge(
    client: string,
    bytes: number,
    { entry = '', room = bytes }: ChargeOptions = {},
  ): Promise<StorageCharge> {
    const { bytes: limit, lifeMs } = this.limits;
    const [isCharged, result] = await asking(() =>
      this.run.chargeStorage(...keysOf(client), entry, bytes, room, limit, lifeMs),
    );
    if (isCharged === 0) throw new Fault('storage_budget_spent', { retryAfterMs: Number(result) });
    return { entry: String(result), bytes };
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
