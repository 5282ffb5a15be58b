import type { KeptEntry } from './audit-entry';

/** An entry and its id in its stream. */
export type Row = [id: string, entry: KeptEntry];
type Rows = (end: string) => Promise<Row[]>;

export interface AuditStreams {
  /** The newest rows up to `end`, at most `rowsAtOnce`. */
  readonly done: Rows;
  readonly refused: Rows;
  readonly rowsAtOnce: number;
}

/** The entries of both streams as one list, the newest first. */
export class AuditPages {
  private readonly done: Reader;
  private readonly refused: Reader;
  private last: { readonly id: string; readonly isDone: boolean } | undefined;

  /** @param before the `cursor` of the page before */
  constructor({ done, refused, rowsAtOnce }: AuditStreams, before?: string) {
    const [, id, isOpen] = /^(\d+-\d+)(-r)?$/.exec(before ?? '') ?? [];
    const end = id ? `(${id}` : '+';
    this.done = new Reader(done, rowsAtOnce, end);
    this.refused = new Reader(refused, rowsAtOnce, id && isOpen ? id : end);
  }

  /** Where the next page begins: the last id, and `-r` while the stream of refusals may hold an entry of the same id. */
  get cursor(): string {
    return this.last ? `${this.last.id}${this.last.isDone ? '-r' : ''}` : '0-0';
  }

  async next(): Promise<KeptEntry | undefined> {
    const done = await this.done.peek();
    const refused = await this.refused.peek();
    const isDone = done !== undefined && (refused === undefined || !isNewer(refused[0], done[0]));
    const row = isDone ? done : refused;
    if (!row) return undefined;
    (isDone ? this.done : this.refused).skip();
    this.last = { id: row[0], isDone };
    return row[1];
  }
}

/** One stream, some rows at a time. */
class Reader {
  private buffer: Row[] = [];
  private at = 0;
  private isOver = false;

  constructor(
    private readonly rows: Rows,
    private readonly rowsAtOnce: number,
    private end: string,
  ) {}

  async peek(): Promise<Row | undefined> {
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

/** Of two ids of streams: milliseconds, and a number within them. */
function isNewer(a: string, b: string): boolean {
  const [msA = 0, countA = 0] = a.split('-').map(Number);
  const [msB = 0, countB = 0] = b.split('-').map(Number);
  return msA === msB ? countA > countB : msA > msB;
}
