import type { StoredAuditEntry } from './audit-entry';

/** An entry and its id in the Redis stream. */
export type AuditStreamRow = [id: string, entry: StoredAuditEntry];
type ReadAuditRows = (end: string) => Promise<AuditStreamRow[]>;

export interface AuditStreams {
  /** Returns the newest rows up to `end`, at most `rowsAtOnce`. */
  readonly changes: ReadAuditRows;
  readonly refused: ReadAuditRows;
  readonly rowsAtOnce: number;
}

/** Merges both streams into one list, newest entry first. */
export class AuditPages {
  private readonly changes: AuditStreamReader;
  private readonly refused: AuditStreamReader;
  private last: { readonly id: string; readonly isDone: boolean } | undefined;

  /** @param before the `cursor` of the previous page */
  constructor({ changes, refused, rowsAtOnce }: AuditStreams, before?: string) {
    const [, id, isOpen] = /^(\d+-\d+)(-r)?$/.exec(before ?? '') ?? [];
    const end = id ? `(${id}` : '+';
    this.changes = new AuditStreamReader(changes, rowsAtOnce, end);
    this.refused = new AuditStreamReader(refused, rowsAtOnce, id && isOpen ? id : end);
  }

  /** Where the next page begins: the last id, with `-r` while the refused stream may hold an entry of the same id. */
  get cursor(): string {
    return this.last ? `${this.last.id}${this.last.isDone ? '-r' : ''}` : '0-0';
  }

  async next(): Promise<StoredAuditEntry | undefined> {
    const done = await this.changes.peek();
    const refused = await this.refused.peek();
    const isDone = done !== undefined && (refused === undefined || !isNewer(refused[0], done[0]));
    const row = isDone ? done : refused;
    if (!row) return undefined;
    (isDone ? this.changes : this.refused).skip();
    this.last = { id: row[0], isDone };
    return row[1];
  }
}

/** Reads one stream in batches. */
class AuditStreamReader {
  private buffer: AuditStreamRow[] = [];
  private at = 0;
  private isOver = false;

  constructor(
    private readonly rows: ReadAuditRows,
    private readonly rowsAtOnce: number,
    private end: string,
  ) {}

  async peek(): Promise<AuditStreamRow | undefined> {
    if (this.at === this.buffer.length && !this.isOver) {
      this.buffer = await this.rows(this.end);
      this.at = 0;
      this.isOver = this.buffer.length < this.rowsAtOnce;
      const last = this.buffer.at(-1);
      if (last) this.end = `(${last[0]}`;
    }
    return this.buffer[this.at];
  }

  skip(): void {
    this.at++;
  }
}

/** Compares two stream ids: milliseconds, then a sequence number. */
function isNewer(a: string, b: string): boolean {
  const [msA = 0, countA = 0] = a.split('-').map(Number);
  const [msB = 0, countB = 0] = b.split('-').map(Number);
  return msA === msB ? countA > countB : msA > msB;
}
