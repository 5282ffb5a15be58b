import { commandOfCall, type NamedCall } from './any-calls';
import { notWalkable } from './list-faults';
import { rowsKeyOf } from './list-params';
import { firstRowsOf, type ListSend, pageSize } from './list-rows';
import type { ListRow } from './row-id';

/**
 * Yields the only page of a list whose parameters go by position. @throws Fault list_not_walkable if more may follow,
 * because `start` can't be added to such parameters
 */
export async function* readOnePage(list: NamedCall, send: ListSend): AsyncGenerator<readonly ListRow[]> {
  const answer = await send(commandOfCall(list));
  const { rows } = firstRowsOf(answer, rowsKeyOf(list.method));
  yield rows;
  if (answer.ok && !isComplete(rows.length, answer)) throw notWalkable(onePageOnly(rows.length));
}

function isComplete(records: number, { next, total = 0 }: { next?: number; total?: number }): boolean {
  if (next !== undefined) return false;
  return total > 0 ? total === records : records < pageSize;
}

function onePageOnly(records: number): string {
  return `parameters by position leave no room for \`start\`, so only the first ${records} records can be read`;
}
