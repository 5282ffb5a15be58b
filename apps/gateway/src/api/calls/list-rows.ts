import type { Answer, Command, Result } from '@b24/portal';
import { notAList, notWalkable } from './list-faults';
import type { ListRow } from './row-id';

/** Sends one command of a list. */
export type ListSend = (command: Command) => Promise<Answer>;

/** The records of one page. */
export interface ListRows {
  readonly rows: readonly ListRow[];
  /** The key of the result under which they are; undefined if the result is the list itself. */
  readonly key?: string;
}

/** Pages of the vendor hold at most this many records (docs/bitrix24-rules.md#lists). */
export const pageSize = 50;

/**
 * Returns the records of a first page: under the documented key if there is one, or else the only array of the result.
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
  const found: { rows: readonly unknown[]; key?: string } | undefined = Array.isArray(value)
    ? { rows: value as unknown[] }
    : (arrayUnder(preferredKey, value) ?? onlyArrayIn(value));
  return found && hasRecords(found) ? found : undefined;
}

function hasRecords(found: { rows: readonly unknown[]; key?: string }): found is ListRows {
  return found.rows.every(isMap);
}

/** Returns the result, or the `data` of the envelope that some controllers of the vendor return without a `result`. */
function listedValue({ value, whole }: Result): unknown {
  return whole && isMap(value) && value['status'] === 'success' && 'data' in value ? value['data'] : value;
}

function arrayUnder(key: string | undefined, value: unknown): { rows: unknown[]; key: string } | undefined {
  if (key === undefined || !isMap(value) || !Object.hasOwn(value, key)) return undefined;
  const rows = value[key];
  return Array.isArray(rows) ? { key, rows: rows as unknown[] } : undefined;
}

/** Returns the only array in a map. A map with an id is one record, and a map of errors has no records. */
function onlyArrayIn(value: unknown): { rows: unknown[]; key: string } | undefined {
  if (!isMap(value) || Object.hasOwn(value, 'ID') || Object.hasOwn(value, 'id')) return undefined;
  const arrays = Object.entries(value).filter(([key, item]) => key !== 'errors' && Array.isArray(item));
  const [key, rows] = arrays[0] ?? [];
  return arrays.length === 1 && key !== undefined ? { key, rows: rows as unknown[] } : undefined;
}

export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
