import type { IdNames } from '@b24/catalog';
import { type Answer, type Command, entriesOf, Fault, mergedInOrder, orderedObject } from '@b24/portal';
import { batchedBytes, callerBatch, commandNames } from '@b24/upstream';
import type { NamedCall } from './any-calls';
import { notWalkable } from './list-faults';
import { idNamesOf, pageCommand, rowsKeyOf } from './list-params';
import { firstRowsOf, laterRowsOf, type ListRows, type ListSend, pageSize } from './list-rows';
import { idNameIn, type ListRow, readWholeNumber } from './row-id';

/** Pages of one request: 500 records, at most a few megabytes. */
const pagesPerRequest = 10;

/** A list that is read from id to id. */
export interface IdWalk {
  readonly method: string;
  /** The caller's parameters without the filter. */
  readonly params: NamedCall['params'];
  /** How the vendor names them. */
  readonly names: IdNames;
  /** The caller's filter without its lower limits of the id. */
  readonly filter: object;
  /** Every id is greater than this one; undefined if the caller set no lower limit. */
  readonly after: bigint | undefined;
}

/** Returns how a list is read by id; undefined if the method, the caller's order or its filter exclude that. */
export function idWalkOf({ method, params: given }: NamedCall): IdWalk | undefined {
  const names = idNamesOf(method);
  if (names === undefined || given[names.order] !== undefined) return undefined;
  const { [names.filter]: filter = {}, ...params } = given;
  const limits = splitFilter(filter);
  return limits && { method, params, names, ...limits };
}

/** Returns the first page of a list that is read by id. @throws Fault the portal's refusal, invalid_request */
export async function readFirstById(walk: IdWalk, send: ListSend): Promise<ListRows> {
  return firstRowsOf(await send(commandAfter(walk, walk.after?.toString())), rowsKeyOf(walk.method));
}

/**
 * Returns whether the list can go on by id: its records have readable ids, or the caller set a lower limit, which only ids
 * can confirm.
 */
export function goesById({ rows }: ListRows, { names, after }: IdWalk): boolean {
  return after !== undefined || rows.every((row) => idOf(row, names) !== undefined);
}

/**
 * Yields the pages of a list from id to id, until a page is empty: without a total, and without missing or repeating a
 * record that exists all the time. @throws Fault list_not_walkable when the ids do not grow
 */
export async function* readById(walk: IdWalk, first: ListRows, send: ListSend): AsyncGenerator<readonly ListRow[]> {
  const lastRecord = pathOfLast(first, walk);
  let last = walk.after;
  let pages: readonly PageReader[] = [() => first.rows];
  for (;;) {
    let isFull = false;
    for (const page of pages) {
      const rows = page(positionOf(last));
      if (rows.length === 0) return;
      last = lastIdOf(rows, last, walk.names);
      yield rows;
      isFull = rows.length === pageSize;
      // The pages that follow in this request start from the 50th record of this one.
      if (!isFull) break;
    }
    const answers = await pagesAfter(walk, `${last}`, isFull ? lastRecord : undefined, send);
    pages = answers.map((answer) => (position: string) => laterRowsOf(answer, first.key, position));
  }
}

/** Reads the records of an answered page, whose position is `after id 5`. */
type PageReader = (position: string) => readonly ListRow[];

function splitFilter(filter: unknown): Pick<IdWalk, 'filter' | 'after'> | undefined {
  if (typeof filter !== 'object' || filter === null) return undefined;
  const entries = entriesOf(filter);
  // A filter may join its conditions by OR, and then another one would widen it.
  if (entries.some(([name]) => /^logic$/i.test(name))) return undefined;
  const limits = entries.filter(([name]) => isLowerLimit(name)).map(lowerLimit);
  if (!limits.every((limit) => limit !== undefined)) return undefined;
  const others = entries.filter(([name]) => !isLowerLimit(name));
  return { filter: orderedObject(others), after: maxOf(limits) };
}

function isLowerLimit(name: string): boolean {
  return /^>=?id$/i.test(name);
}

/** Returns the id after which `>ID` or `>=ID` starts. */
function lowerLimit([name, value]: [string, unknown]): bigint | undefined {
  const id = readWholeNumber(value);
  return id !== undefined && name.startsWith('>=') ? id - 1n : id;
}

function maxOf(ids: readonly bigint[]): bigint | undefined {
  return ids.reduce<bigint | undefined>((max, id) => (max === undefined || id > max ? id : max), undefined);
}

function commandAfter({ method, params, names, filter }: IdWalk, after: string | undefined): Command {
  const { filterId = names.id } = names;
  const conditions = after === undefined ? filter : mergedInOrder(filter, { [`>${filterId}`]: after });
  const filtered = Object.keys(conditions).length > 0 && { [names.filter]: conditions };
  const walked = { ...params, [names.order]: { [names.id]: 'ASC' }, ...filtered };
  return pageCommand({ method, params: walked }, -1);
}

/** Returns the path of the id of a full page's last record, within a result; undefined if no reference can name it. */
function pathOfLast({ rows: [row], key, areNumbered }: ListRows, { names }: IdWalk): string | undefined {
  if (row === undefined || areNumbered || (key !== undefined && !/^\w+$/.test(key))) return undefined;
  return `${key === undefined ? '' : `[${key}]`}[${pageSize - 1}][${idNameIn(row, rowIdOf(names))}]`;
}

/** Returns several pages of one batch, each after the last record of the page before; one if they can't be in a batch. */
async function pagesAfter(
  walk: IdWalk,
  last: string,
  lastRecord: string | undefined,
  send: ListSend,
): Promise<readonly Answer[]> {
  const command = commandAfter(walk, last);
  // A batch would replace a `$` in the caller's text.
  if (lastRecord === undefined || batchedBytes(walk.method, command.params) === undefined) return [await send(command)];
  const names = commandNames(pagesPerRequest);
  const references = names.slice(0, -1).map((name) => `$result[${name}]${lastRecord}`);
  const commands = [command, ...references.map((reference) => commandAfter(walk, reference))];
  return answersBeforeRefusal(await send(callerBatch(commands, names, true)));
}

/** Returns the answers before the first refusal, or that refusal: the pages after a short one have no id to start from. */
function answersBeforeRefusal(batch: Answer): readonly Answer[] {
  if (!batch.ok) throw batch.fault;
  const { inside = [] } = batch;
  if (inside.length === 0) throw new Fault('portal_error');
  const refused = inside.findIndex(({ ok }) => !ok);
  return refused < 0 ? inside : inside.slice(0, Math.max(1, refused));
}

/** @throws Fault list_not_walkable unless the ids grow from record to record */
function lastIdOf(rows: readonly ListRow[], after: bigint | undefined, names: IdNames): bigint | undefined {
  let last = after;
  for (const row of rows) {
    const own = idOf(row, names);
    if (own === undefined) throw notWalkable(`a record ${positionOf(last)} has no readable ${rowIdOf(names)}`);
    if (last !== undefined && own <= last)
      throw notWalkable(
        `${positionOf(last)} the portal returned id ${own}, so it ignores the filter or the order by id`,
      );
    last = own;
  }
  return last;
}

function idOf(row: ListRow, names: IdNames): bigint | undefined {
  return readWholeNumber(row[idNameIn(row, rowIdOf(names))]);
}

function rowIdOf({ id, rowId = id }: IdNames): string {
  return rowId;
}

function positionOf(last: bigint | undefined): string {
  return last === undefined ? 'at the start' : `after id ${last}`;
}
