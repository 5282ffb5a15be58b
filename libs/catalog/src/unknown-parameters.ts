import type { FieldRecords } from './method-record';

/** Parameters that list methods take although most pages leave them out (docs/bitrix24-rules.md#lists). */
const everywhere: ReadonlySet<string> = new Set(['start', 'order', 'filter', 'select']);

/** Returns the names that a method does not know. The vendor folds the case of many names, so case does not matter. */
export function unknownNames(known: FieldRecords, given: readonly string[]): string[] {
  // Parameters by position.
  if (given.every((name) => /^\d+$/.test(name))) return [];
  const names = new Set(Object.keys(known).map((name) => name.toLowerCase()));
  const beginnings = [...names].filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1));
  const isKnown = (name: string) =>
    names.has(name) || everywhere.has(name) || beginnings.some((beginning) => name.startsWith(beginning));
  return given.filter((name) => !isKnown(name.toLowerCase()));
}
