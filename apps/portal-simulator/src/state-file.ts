import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { LedgerState } from './token-ledger';
import type { PortalSaved } from './portal-options';

/** All the program needs to go on with the same app, tokens and data after a restart. */
export interface SavedState {
  readonly version: 1;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly ledger: LedgerState;
  readonly portals: readonly PortalSaved[];
}

/** One JSON file, readable by its owner only, replaced as a whole: a kill leaves the old one or the new one. */
export class StateFile {
  constructor(private readonly path: string) {}

  /** Undefined when there is no file yet. */
  read(): SavedState | undefined {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    return JSON.parse(text) as SavedState;
  }

  write(state: SavedState): void {
    const temporary = `${this.path}.${process.pid}.tmp`;
    writeFileSync(temporary, JSON.stringify(state), { mode: 0o600 });
    renameSync(temporary, this.path);
  }
}
