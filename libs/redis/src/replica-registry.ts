import { randomUUID } from 'node:crypto';
import type { Clock } from '@b24/portal';
import type { StoreConnection } from './connect-store';
import { loadScripts } from './load-scripts';
import { Poller } from './poller';

/** Ids of the encryption keys that a replica writes and reads under; never the keys. */
export interface ReplicaKeys {
  readonly writes: string;
  readonly reads: readonly string[];
}

const registryKey = 'b24:replicas';
const registerEveryMs = 10_000;
/** How long a replica that was killed still counts. */
export const replicaTtlMs = 30_000;

/** Lists the running replicas and their encryption keys. Costs one script per replica every ten seconds. */
export class ReplicaRegistry {
  private readonly id = randomUUID();
  private readonly run;
  private poller: Poller | undefined;

  constructor(
    store: StoreConnection,
    private readonly clock: Clock,
    private readonly mine: ReplicaKeys,
  ) {
    this.run = loadScripts<{ registerReplica: string[] }>(store, __dirname, { registerReplica: 1 });
  }

  /** Registers this replica from now on. Returns the others. */
  async join(): Promise<ReplicaKeys[]> {
    const others = await this.register(JSON.stringify(this.mine));
    this.poller?.stop();
    this.poller = new Poller({
      clock: this.clock,
      everyMs: registerEveryMs,
      run: () => this.register(JSON.stringify(this.mine)),
    });
    this.poller.start('later');
    return others;
  }

  /** Returns the others without registering this replica. */
  others(): Promise<ReplicaKeys[]> {
    return this.register('');
  }

  async leave(): Promise<void> {
    this.poller?.stop();
    await this.register('').catch(() => undefined); // then it expires
  }

  private async register(record: string): Promise<ReplicaKeys[]> {
    const others = await this.run.registerReplica(registryKey, this.id, record, replicaTtlMs);
    return others.map((text) => JSON.parse(text) as ReplicaKeys);
  }
}

/** Returns why these replicas must not run together; undefined if each can read what any of them writes. */
export function keyConflict(mine: ReplicaKeys, others: readonly ReplicaKeys[]): string | undefined {
  for (const { writes, reads } of others) {
    if (!mine.reads.includes(writes))
      return `Another running replica writes under encryption key '${writes}', which is not in ENCRYPTION_KEYS here. Add it at the end, or stop that replica first.`;
    if (!reads.includes(mine.writes))
      return `Another running replica can't read encryption key '${mine.writes}', under which this one would write. Give every replica '${mine.writes}' at the end of ENCRYPTION_KEYS first, and only then at its beginning.`;
  }
  return undefined;
}
