import type { Answer } from '@b24/portal';
import { commandOfCall, type NamedCall } from './any-calls';
import { readByOffset } from './list-by-offset';
import { rowsKeyOf } from './list-params';
import { firstRowsOf, type ListSend, pageSize } from './list-rows';
import type { ListRow } from './row-id';

/**
 * Yields the records of a list that is documented to come in one answer; by offset if the answer may be one page of several.
 * @throws Fault list_not_walkable, list_changed
 */
export async function* readWhole(list: NamedCall, send: ListSend): AsyncGenerator<readonly ListRow[]> {
  const answer = await send(commandOfCall(list));
  const { rows } = firstRowsOf(answer, rowsKeyOf(list.method));
  if (mayBePage(answer, rows.length)) yield* readByOffset(list, send);
  else yield rows;
}

/** Full pages have a multiple of 50 records. */
function mayBePage(answer: Answer, records: number): boolean {
  if (!answer.ok || answer.next !== undefined) return true;
  const { total = 0 } = answer;
  return total > 0 ? total !== records : records > 0 && records % pageSize === 0;
}
