import { type ChargeOptions, Fault, type StorageBudget, type StorageCharge } from '@b24/portal';
import { loadScripts, orStoreUnavailable } from '@b24/redis';
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

interface StorageReplies {
  chargeStorage: [1, string] | [0, number];
  releaseStorage: number;
}

/**
 * The storage budgets of clients in Redis, by the time of Redis. A record is charged before it is stored and released
 * after it is gone, so a replica that dies in between leaves a charge too many, never one too few, until it expires.
 */
export class RedisStorageBudget implements StorageBudget {
  private readonly run;

  constructor(
    redis: Redis | Cluster,
    private readonly limits: StorageLimits,
  ) {
    this.run = loadScripts<StorageReplies>(redis, __dirname, { chargeStorage: 2, releaseStorage: 2 });
  }

  async charge(
    client: string,
    bytes: number,
    { entry = '', room = bytes }: ChargeOptions = {},
  ): Promise<StorageCharge> {
    const { bytes: limit, lifeMs } = this.limits;
    const [isCharged, result] = await orStoreUnavailable(() =>
      this.run.chargeStorage(...keysOf(client), entry, bytes, room, limit, lifeMs),
    );
    if (isCharged === 0) throw new Fault('storage_budget_spent', { retryAfterMs: Number(result) });
    return { entry: String(result), bytes };
  }

  async release(client: string, { entry, bytes }: StorageCharge): Promise<void> {
    await orStoreUnavailable(() =>
      this.run.releaseStorage(...keysOf(client), entry, 'less', bytes, this.limits.lifeMs),
    );
  }

  async settle(client: string, entry: string, bytes: number): Promise<void> {
    await orStoreUnavailable(() =>
      this.run.releaseStorage(...keysOf(client), entry, 'exactly', bytes, this.limits.lifeMs),
    );
  }
}

function keysOf(client: string): [string, string] {
  return [entriesKey(client), livesKey(client)];
}
