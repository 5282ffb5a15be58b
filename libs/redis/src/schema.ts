import { randomUUID } from 'node:crypto';
import { type Clock, sleep } from '@b24/portal';
import type { StoreConnection } from './connect-store';
import { heartbeat } from './heartbeat';
import { loadScripts } from './load-scripts';
import { StoreRefused } from './store-refused';

/** Changes the stored data from one version to the next. */
export interface Migration {
  /** Describes the change in the log. */
  readonly description: string;
  /**
   * Must be safe to run again after it stopped anywhere: a replica may die in it and another starts over, or a frozen one
   * resumes. Replicas of the old version may read and write while it runs.
   */
  run(store: StoreConnection): Promise<void>;
}

export interface SchemaOptions {
  readonly store: StoreConnection;
  readonly clock: Clock;
  /** In order: the first one leads from version 1 to version 2. */
  readonly migrations: readonly Migration[];
  readonly onMigration: (from: number, says: string) => void;
}

const schemaKey = 'b24:schema';
/** The version of data that has no version stored. */
const firstVersion = 1;
const holdMs = 15_000;
const askAgainMs = 250;

/** Migrates the data in Redis step by step: one replica runs a migration, the others wait. */
export class Schema {
  private readonly asker = randomUUID();
  private readonly run;

  constructor(private readonly options: SchemaOptions) {
    this.run = loadScripts<{ advanceSchema: [number, number] }>(options.store, __dirname, { advanceSchema: 1 });
  }

  /** The newest version that this build supports. */
  get newest(): number {
    return firstVersion + this.options.migrations.length;
  }

  /** Checks without migrating. @throws StoreRefused unless the stored data has the newest version */
  async requireNewest(): Promise<void> {
    const version = Number((await this.options.store.hget(schemaKey, 'version')) ?? this.newest);
    if (version > this.newest) throw new StoreRefused(newerSentence(version, this.newest));
    if (version < this.newest) throw new StoreRefused('Start the gateway of this build first: it migrates the data.');
  }

  /** Resolves when the stored data has the newest version. @throws StoreRefused if it is newer */
  async migrate(): Promise<void> {
    for (let done: number | undefined; ;) {
      const { version, mine } = await this.advance(done);
      if (version > this.newest) throw new StoreRefused(newerSentence(version, this.newest));
      if (version === this.newest) return;
      done = mine ? await this.step(version) : undefined;
      if (!mine) await sleep(this.options.clock, askAgainMs);
    }
  }

  private async step(from: number): Promise<number> {
    const { clock, migrations, onMigration: migrating, store } = this.options;
    const migration = migrations[from - firstVersion];
    if (!migration) throw new Error(`There is no migration from version ${from}.`);
    migrating(from, migration.description);
    const letGo = heartbeat({ clock, everyMs: holdMs / 3, renew: () => this.advance() });
    await migration.run(store).finally(letGo);
    return from + 1;
  }

  private async advance(done?: number): Promise<{ version: number; mine: boolean }> {
    const begin = (await this.isEmpty()) ? this.newest : firstVersion;
    const [version, mine] = await this.run.advanceSchema(schemaKey, this.asker, this.newest, begin, done ?? '', holdMs);
    return { version, mine: mine === 1 };
  }

  /** A Redis that never held a portal or a client needs no migration. */
  private async isEmpty(): Promise<boolean> {
    const { store } = this.options;
    const held = await Promise.all([store.exists('b24:portals'), store.exists('b24:clients')]);
    return held.every((count) => count === 0);
  }
}

function newerSentence(version: number, newest: number): string {
  return (
    `Redis holds data of version ${version}, and this build of the gateway knows up to ${newest}. ` +
    'Start the newer build again, or restore the backup made before it (docs/backup.md).'
  );
}
