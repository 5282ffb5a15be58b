import { type Answer, type Command, entriesOf, type Result } from '@b24/portal';
import { notAList, notWalkable } from './list-faults';
import type { ListRow } from './row-id';

/** Sends one command of a list. */
export type ListSend = (command: Command) => Promise<Answer>;

/** The records of one page. */
export interface ListRows {
  readonly rows: readonly ListRow[];
  /** The key of the result under which they are; undefined if the result is the list itself. */
  readonly key?: string;
  /** They are the values of a map by number, in which no reference of a batch finds one by its position. */
  readonly areNumbered: boolean;
}

/** Pages of the vendor hold at most this many records (docs/bitrix24-rules.md#lists). */
export const pageSize = 50;

/**
 * Returns the records of a first page: under the documented key if there is one, or else the only list of the result. PHP
 * writes a list with gaps, and one with ids as its keys, as a map by number.
 * @throws Fault the portal's refusal, invalid_request
 */
export function firstRowsOf(answer: Answer, documentedKey?: string): ListRows {
  const found = findRows(answer, documentedKey);
  if (!found) throw notAList();
  return found;
}

/** Returns the records of a later page, under the key of the first one. @throws Fault the portal's refusal, list_not_walkable */
export function laterRowsOf(answer: Answer, key: string | undefined, position: string): readonly ListRow[] {
  const found = findRows(answer, key);
  if (found && (found.rows.length === 0 || found.key === key)) return found.rows;
  throw notWalkable(`the page ${position} has no records where the pages before it have them`);
}

function findRows(answer: Answer, preferredKey?: string): ListRows | undefined {
  if (!answer.ok) throw answer.fault;
  const value = listedValue(answer);
  return recordsIn(value) ?? recordsUnder(preferredKey, value) ?? onlyRecordsIn(value);
}

function recordsIn(value: unknown): Omit<ListRows, 'key'> | undefined {
  if (Array.isArray(value)) return value.every(isMap) ? { rows: value, areNumbered: false } : undefined;
  if (!isMap(value)) return undefined;
  const entries = entriesOf(value);
  const rows = entries.map(([, row]) => row);
  const areNumbered = entries.length > 0 && entries.every(([name]) => /^\d+$/.test(name));
  return areNumbered && rows.every(isMap) ? { rows, areNumbered } : undefined;
}

/** Returns the result, or the `data` of the envelope that some controllers of the vendor return without a `result`. */
function listedValue({ value, whole }: Result): unknown {
  return whole && isMap(value) && value['status'] === 'success' && 'data' in value ? value['data'] : value;
}

function recordsUnder(key: string | undefined, value: unknown): ListRows | undefined {
  if (key === undefined || !isMap(value) || !Object.hasOwn(value, key)) return undefined;
  const found = recordsIn(value[key]);
  return found && { key, ...found };
}

/**
 * Returns the records of the only array in a map, or of the only map by number in a map without arrays. A map with an id is
 * one record, and a map of errors has no records.
 */
function onlyRecordsIn(value: unknown): ListRows | undefined {
  if (!isMap(value) || Object.hasOwn(value, 'ID') || Object.hasOwn(value, 'id')) return undefined;
  const lists = Object.entries(value).filter(([key, item]) => key !== 'errors' && isListed(item));
  const arrays = lists.filter(([, item]) => Array.isArray(item));
  const [only, ...others] = arrays.length > 0 ? arrays : lists;
  return only && others.length === 0 ? recordsUnder(only[0], value) : undefined;
}

function isListed(item: unknown): boolean {
  return Array.isArray(item) || recordsIn(item) !== undefined;
}

export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
