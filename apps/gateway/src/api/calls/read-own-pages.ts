import type { PagePosition } from '@b24/catalog';
import { type Answer, mergedInOrder } from '@b24/portal';
import { commandOfCall, type NamedCall } from './any-calls';
import { notWalkable } from './list-faults';
import { rowsKeyOf } from './list-params';
import { firstRowsOf, laterRowsOf, type ListRows, type ListSend, pageSize } from './list-rows';
import type { ListRow } from './row-id';
import { SeenRows } from './seen-rows';

/**
 * Yields the pages of a list that a parameter of its method chooses, until a page is empty. @throws Fault list_not_walkable,
 * list_changed
 */
export async function* readOwnPages(
  list: NamedCall,
  position: PagePosition,
  send: ListSend,
): AsyncGenerator<readonly ListRow[]> {
  const progress = new OwnPagesProgress(position);
  let first: ListRows | undefined;
  for (;;) {
    const answer = await send(commandOfCall({ ...list, params: mergedInOrder(list.params, progress.params()) }));
    const page: ListRows = first
      ? { ...first, rows: laterRowsOf(answer, first.key, progress.at()) }
      : firstRowsOf(answer, rowsKeyOf(list.method));
    first ??= page;
    progress.add(page.rows, answer);
    if (page.rows.length === 0) return;
    yield page.rows;
  }
}

/** What is known of such a list after some of its pages. */
class OwnPagesProgress {
  private readonly seen: SeenRows;
  private pages = 0;
  private records = 0;
  private endedAt: number | undefined;

  constructor(private readonly position: PagePosition) {
    this.seen = new SeenRows(position.name);
  }

  /** The parameters of the next page. */
  params(): Readonly<Record<string, number>> {
    const { name, limit } = this.position;
    return { [name]: this.next(), ...(limit !== undefined && { [limit]: pageSize }) };
  }

  at(): string {
    return `at ${this.position.name} ${this.next()}`;
  }

  /** @throws Fault list_not_walkable, list_changed if the page does not continue the pages before */
  add(rows: readonly ListRow[], answer: Answer): void {
    if (rows.length > 0 && this.endedAt !== undefined)
      throw notWalkable(`a page of less than ${pageSize} records ends at ${this.endedAt}, but more follow`);
    if (rows.length === 0) this.assertTotal(answer);
    this.seen.add(rows, this.at());
    this.pages++;
    this.records += rows.length;
    // A shorter page would make the pages after it overlap.
    if (this.position.counts === 'records' && rows.length < pageSize) this.endedAt = this.records;
  }

  private next(): number {
    return this.position.counts === 'pages' ? this.pages + 1 : this.records;
  }

  private assertTotal(answer: Answer): void {
    const { total = 0 } = answer.ok ? answer : {};
    if (total > 0 && total !== this.records)
      throw notWalkable(`the pages ${this.at()} hold ${this.records} records, and the portal counts ${total}`);
  }
}
