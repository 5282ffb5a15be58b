import { type Clock, sleep } from '@b24/portal';
import {
  replicaTtlMs,
  keyConflict,
  type Migration,
  ReplicaRegistry,
  Schema,
  type StoreConnection,
  StoreRefused,
} from '@b24/redis';
import type { EncryptionKey, Resealer, SealedStore } from '@b24/seal';
import type { FastifyBaseLogger } from 'fastify';

export interface StorePreflightOptions {
  readonly store: StoreConnection;
  readonly clock: Clock;
  readonly log: Pick<FastifyBaseLogger, 'info' | 'warn'>;
  readonly keys: readonly [EncryptionKey, ...EncryptionKey[]];
  readonly resealer: Pick<Resealer, 'keysInUse'>;
  readonly sealedStores: readonly SealedStore[];
  readonly migrations: readonly Migration[];
  /** Called if a store that did not answer at the start turns out to be unusable. */
  readonly refused: (error: StoreRefused) => void;
}

const askAgainMs = 1000;

/**
 * Checks the store before the first call: its data has a supported version, this replica has every key that the data is
 * sealed with, and it and the other replicas can read each other's data. Until then no call that needs the store is
 * accepted.
 */
export class StorePreflight {
  private sound = false;
  private closed = false;
  private readonly schema: Schema;
  private readonly roll: ReplicaRegistry;
  private readonly mine: { readonly writes: string; readonly reads: readonly string[] };

  constructor(private readonly options: StorePreflightOptions) {
    const { store, clock, log, keys, migrations } = options;
    this.mine = { writes: keys[0].id, reads: keys.map(({ id }) => id) };
    this.roll = new ReplicaRegistry(store, clock, this.mine);
    const migrating = (from: number, says: string) => {
      log.warn({ from, to: from + 1, says }, 'the stored data is brought to a newer version');
    };
    this.schema = new Schema({ store, clock, migrations, onMigration: migrating });
  }

  get passed(): boolean {
    return this.sound;
  }

  /**
   * Resolves once the store is usable, or if it does not answer; then the check is repeated.
   * @throws StoreRefused
   */
  async run(): Promise<void> {
    try {
      await this.check();
    } catch (error) {
      if (error instanceof StoreRefused) throw error;
      this.options.log.warn({ err: error }, 'what Redis holds could not be checked yet; calls are refused');
      void this.goOn();
    }
  }

  /** Resolves when Redis answers. @throws the error of the connection */
  async ask(): Promise<void> {
    // Reads a key, so that a cluster that does not serve all its slots is not ready.
    await this.options.store.exists('b24:schema');
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.roll.leave();
  }

  private async goOn(): Promise<void> {
    while (!this.closed && !this.sound) {
      await sleep(this.options.clock, askAgainMs);
      await this.check().catch((error: unknown) => {
        if (!(error instanceof StoreRefused)) return;
        this.closed = true;
        this.options.refused(error);
      });
    }
  }

  private async check(): Promise<void> {
    await this.schema.migrate();
    try {
      // In this order: a replica that starts later sees our keys, and we see those of the data that was written before.
      await this.joinOthers();
      await this.mustHaveKeys();
      this.sound = true;
    } catch (error) {
      await this.roll.leave();
      throw error;
    }
  }

  /** A killed replica counts for a while longer, so the check waits for a conflict to end. */
  private async joinOthers(): Promise<void> {
    const { clock, log } = this.options;
    const untilMs = clock.now() + replicaTtlMs + askAgainMs;
    let conflict = keyConflict(this.mine, await this.roll.join());
    if (conflict) log.warn({ conflict }, 'waiting for a replica with other encryption keys to end');
    while (conflict) {
      if (clock.now() > untilMs) throw new StoreRefused(conflict);
      await this.roll.leave();
      await sleep(clock, askAgainMs);
      conflict = keyConflict(this.mine, await this.roll.join());
    }
  }

  private async mustHaveKeys(): Promise<void> {
    const missing: string[] = [];
    const { resealer, sealedStores } = this.options;
    for (const sealed of sealedStores) {
      for (const [id, count] of await resealer.keysInUse(sealed)) {
        if (!this.mine.reads.includes(id)) missing.push(`'${id}' (${count} ${sealed.records})`);
      }
    }
    if (missing.length === 0) return;
    throw new StoreRefused(
      `ENCRYPTION_KEYS lacks keys that are in use: ${missing.join(', ')}. Put them back at the end of ENCRYPTION_KEYS, ` +
        'run `npm run reseal`, and take them out when it says that nothing is left under them (docs/redis.md).',
    );
  }
}
