import { randomUUID } from 'node:crypto';
import { type Clock, sleep } from '@b24/portal';
import type { StoreConnection } from './connect-store';
import { heartbeat } from './heartbeat';
import { loadScripts } from './load-scripts';
import { StoreRefused } from './store-refused';

/** One step of the stored data to the next version. */
export interface Migration {
  /** What it changes, for the log. */
  readonly says: string;
  /**
   * Must be right to run again from anywhere in its middle: a replica may die in it and another begins anew, or a
   * frozen one wakes up in it. While it runs, replicas of the old version may still read and write.
   */
  run(store: StoreConnection): Promise<void>;
}

export interface SchemaOptions {
  readonly store: StoreConnection;
  readonly clock: Clock;
  /** From version 1 on: the first leads to version 2. */
  readonly migrations: readonly Migration[];
  readonly migrating: (from: number, says: string) => void;
}

const schemaKey = 'b24:schema';
/** Where data without a version stands: before versions were written down. */
const firstVersion = 1;
const holdMs = 15_000;
const askAgainMs = 250;

/** The form of what Redis holds: brought up to date once, step by step, by one replica while the others wait. */
export class Schema {
  private readonly asker = randomUUID();
  private readonly run;

  constructor(private readonly options: SchemaOptions) {
    this.run = loadScripts<{ advanceSchema: [number, number] }>(options.store, __dirname, { advanceSchema: 1 });
  }

  /** The newest version that this build knows. */
  get newest(): number {
    return firstVersion + this.options.migrations.length;
  }

  /** For a tool that migrates nothing. @throws StoreRefused unless the stored data has the newest version */
  async mustBeKnown(): Promise<void> {
    const version = Number((await this.options.store.hget(schemaKey, 'version')) ?? this.newest);
    if (version > this.newest) throw new StoreRefused(newerSentence(version, this.newest));
    if (version < this.newest) throw new StoreRefused('Start the gateway of this build first: it migrates the data.');
  }

  /** Resolves when the stored data has the newest version. @throws StoreRefused when it is newer than that */
  async bringUpToDate(): Promise<void> {
    for (let done: number | undefined; ;) {
      const { version, mine } = await this.advance(done);
      if (version > this.newest) throw new StoreRefused(newerSentence(version, this.newest));
      if (version === this.newest) return;
      done = mine ? await this.step(version) : undefined;
      if (!mine) await sleep(this.options.clock, askAgainMs);
    }
  }

  private async step(from: number): Promise<number> {
    const { clock, migrations, migrating, store } = this.options;
    const migration = migrations[from - firstVersion];
    if (!migration) throw new Error(`There is no migration from version ${from}.`);
    migrating(from, migration.says);
    const letGo = heartbeat({ clock, everyMs: holdMs / 3, renew: () => this.advance() });
    await migration.run(store).finally(letGo);
    return from + 1;
  }

  private async advance(done?: number): Promise<{ version: number; mine: boolean }> {
    const begin = (await this.isEmpty()) ? this.newest : firstVersion;
    const [version, mine] = await this.run.advanceSchema(schemaKey, this.asker, this.newest, begin, done ?? '', holdMs);
    return { version, mine: mine === 1 };
  }

  /** A store that never held a portal or a client needs no migration. */
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
