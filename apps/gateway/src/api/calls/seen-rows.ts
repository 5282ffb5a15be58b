import { writeJson } from '@b24/portal';
import { createHash } from 'node:crypto';
import { listChanged, notWalkable } from './list-faults';
import { idNameIn, type ListRow, readWholeNumber } from './row-id';

/** Ids that are remembered for one list, about 60 MB. */
const maxIds = 1_000_000;

/** Remembers the records of a list's pages, by their ids; pages whose records have no ids, by a digest. */
export class SeenRows {
  private readonly ids = new Set<string>();
  private readonly digests = new Set<string>();

  /** `position` is the parameter that chooses a page. */
  constructor(private readonly position = 'start') {}

  /** Adds a page, whose position is such as `at start 50`. @throws Fault list_not_walkable, list_changed */
  add(rows: readonly ListRow[], position: string): void {
    const ids = rows.map(idTextOf).filter((id) => id !== undefined);
    if (ids.length < rows.length) this.addDigest(rows, position);
    this.addIds(ids, position);
  }

  /** Returns whether a page holds no other records than those that were added, as far as records can be distinguished. */
  has(rows: readonly ListRow[]): boolean {
    const ids = rows.map(idTextOf);
    if (ids.every((id) => id !== undefined)) return ids.every((id) => this.ids.has(id));
    return areDistinct(rows) && this.digests.has(digestOf(rows));
  }

  private addDigest(rows: readonly ListRow[], position: string): void {
    const digest = digestOf(rows);
    if (this.digests.has(digest))
      throw notWalkable(`the page ${position} repeats an earlier one, and its records have no id to tell them apart`);
    this.digests.add(digest);
  }

  /** A portal may return several records with the same id on one page, such as the dates of a recurring event. */
  private addIds(ids: readonly string[], position: string): void {
    const repeated = ids.filter((id) => this.ids.has(id));
    if (repeated.length > 0 && repeated.length === ids.length)
      throw notWalkable(`the page ${position} repeats earlier records, so the method ignores \`${this.position}\``);
    if (repeated.length > 0) throw listChanged(`the page ${position} repeats the record with id ${repeated[0]}`);
    for (const id of ids) this.ids.add(id);
    if (this.ids.size > maxIds)
      throw notWalkable(`more than ${maxIds} records are read by id only, and this list is read by offset`);
  }
}

function areDistinct(rows: readonly ListRow[]): boolean {
  return new Set(rows.map((row) => writeJson(row))).size === rows.length;
}

function digestOf(rows: readonly ListRow[]): string {
  return createHash('sha256').update(writeJson(rows)).digest('base64');
}

/** Returns the id of a record, a number or a text such as `chat17`. */
export function idTextOf(row: ListRow): string | undefined {
  const id = row[idNameIn(row, 'ID')];
  const text = typeof id === 'string' && id !== '' ? id : undefined;
  return readWholeNumber(id)?.toString() ?? text;
}
