import type { NamedCall } from './any-calls';
import { listChanged, notWalkable } from './list-faults';
import { type ListSend, pageSize } from './list-rows';
import { type OffsetPage, OffsetPages } from './offset-pages';
import type { ListRow } from './row-id';
import { idTextOf, SeenRows } from './seen-rows';

/**
 * Yields the pages of a list by `start`. A list in which as many records are added as removed between two pages may miss
 * some; other changes are noticed. @throws Fault list_not_walkable, list_changed
 */
export async function* readByOffset(list: NamedCall, send: ListSend): AsyncGenerator<readonly ListRow[]> {
  const pages = new OffsetPages(list, send);
  const progress = new OffsetProgress();
  let start: number | undefined = 0;
  while (start !== undefined) {
    const page: OffsetPage = await pages.at(start);
    progress.add(page);
    if (page.rows.length > 0) yield page.rows;
    start = progress.startAfter(page);
    if (start === undefined && progress.isUncounted(page)) await assertLast(page, pages, progress.seen);
  }
}

/** What is known of a list after some of its pages. */
class OffsetProgress {
  readonly seen = new SeenRows();
  private records = 0;
  private total: number | undefined;

  /** @throws Fault list_not_walkable, list_changed if the page does not continue the pages before */
  add({ rows, start, total }: OffsetPage): void {
    if (this.total !== undefined && total !== undefined && total !== this.total)
      throw listChanged(`the total was ${this.total} and is ${total} at start ${start}`);
    this.total ??= total;
    this.seen.add(rows, `at start ${start}`);
    this.records += rows.length;
    if (this.records > (this.total ?? Infinity))
      throw listChanged(`at start ${start} there are more records than the total of ${this.total}`);
  }

  /** Returns the `start` of the next page, or undefined at the end. @throws Fault list_not_walkable */
  startAfter({ rows, start, next }: OffsetPage): number | undefined {
    const end = start + rows.length;
    if (next !== undefined) {
      if (next < Math.max(end, start + 1)) throw notWalkable(`at start ${start} the portal returned next ${next}`);
      if (rows.length === 0) throw notWalkable(`the page at start ${start} is empty and has a next page`);
      return next;
    }
    if (this.records === this.total) return undefined;
    if (rows.length >= pageSize) return startBehind(rows, end);
    if (this.total === undefined) return undefined;
    throw notWalkable(
      `the pages up to start ${start} hold ${this.records} records, and the portal counts ${this.total}`,
    );
  }

  /** Returns whether neither a total nor an empty page shows that this page is the last. */
  isUncounted({ rows }: OffsetPage): boolean {
    return this.total === undefined && rows.length > 0;
  }
}

/** Returns the end of a full page that came without `next`. Only ids show whether the page after it overlaps. */
function startBehind(rows: readonly ListRow[], end: number): number {
  if (rows.every((row) => idTextOf(row) !== undefined)) return end;
  throw notWalkable(`a full page that ends at start ${end} has neither \`next\` nor ids in its records`);
}

/**
 * Checks that no other records follow a short page without `next` and total, neither after its last record nor on the next
 * page. A method may repeat records for a `start` beyond its end. @throws Fault list_not_walkable if records follow
 */
async function assertLast(page: OffsetPage, pages: OffsetPages, seen: SeenRows): Promise<void> {
  for (const start of [page.start + page.rows.length, page.start + pageSize]) {
    const { rows } = await pages.at(start);
    if (!seen.has(rows))
      throw notWalkable(
        `a page of ${page.rows.length} records at start ${page.start} has no next page, but more follow`,
      );
  }
}
