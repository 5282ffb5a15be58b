/** One record of a list, as the portal returned it. */
export type ListRow = Readonly<Record<string, unknown>>;

/** More digits than any id of the portal has. */
const wholeNumber = /^-?\d{1,30}$/;

/**
 * Returns a whole number that the portal or a caller wrote as a number, as text, or as an object that prints its digits;
 * undefined if it is none, or if its last digits were lost when it was read.
 */
export function readWholeNumber(value: unknown): bigint | undefined {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return undefined;
  const text = textOf(value);
  return wholeNumber.test(text) ? BigInt(text) : undefined;
}

function textOf(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number') return `${value}`;
  return printsItself(value) ? value.toString() : '';
}

/** Returns whether the value is an object of a class; a map of JSON may hold a `toString` that is no function. */
function printsItself(value: unknown): value is { toString(): string } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return typeof (value as { toString?: unknown }).toString === 'function';
}

/** Returns the name under which a record has its id: the preferred one, or the other of `ID` and `id`. */
export function idNameIn(row: ListRow, preferred: 'ID' | 'id'): 'ID' | 'id' {
  const other = preferred === 'ID' ? 'id' : 'ID';
  return Object.hasOwn(row, preferred) || !Object.hasOwn(row, other) ? preferred : other;
}
