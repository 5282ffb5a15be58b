import { JsonNumber } from '@b24/portal';

/** One record of a list, as the portal returned it. */
export type ListRow = Readonly<Record<string, unknown>>;

/** More digits than any id of the portal has. */
const wholeNumber = /^-?\d{1,30}$/;

/**
 * Returns a whole number that the portal or a caller wrote as a number or as text; undefined if it is none, or if its last
 * digits were lost when it was read.
 */
export function readWholeNumber(value: unknown): bigint | undefined {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return undefined;
  const isWritten = typeof value === 'string' || typeof value === 'number' || value instanceof JsonNumber;
  const text = isWritten ? value.toString() : '';
  return wholeNumber.test(text) ? BigInt(text) : undefined;
}

/** Returns the name under which a record has its id: the preferred one, or else the one of `ID` and `id` that it has. */
export function idNameIn(row: ListRow, preferred: string): string {
  if (Object.hasOwn(row, preferred)) return preferred;
  return ['ID', 'id'].find((name) => Object.hasOwn(row, name)) ?? preferred;
}
