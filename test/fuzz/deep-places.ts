import { Fields } from './sketch';

type Path = readonly number[];

/**
 * Returns the path to each place of a value, including the value itself, as the number of the item or field on every
 * level.
 */
export function placesIn(value: unknown, to: Path = []): Path[] {
  return [to, ...innerOf(value).flatMap((inner, i) => placesIn(inner, [...to, i]))];
}

/** Returns the value with another value in that place. */
export function replacedIn(value: unknown, [first, ...rest]: Path, by: unknown): unknown {
  if (first === undefined) return by;
  if (Array.isArray(value)) return value.map((it: unknown, i) => (i === first ? replacedIn(it, rest, by) : it));
  if (value instanceof Fields || (typeof value === 'object' && value !== null)) {
    const pairs = value instanceof Fields ? value.pairs : Object.entries(value);
    return new Fields(pairs.map(([name, it], i) => [name, i === first ? replacedIn(it, rest, by) : it]));
  }
  return value;
}

function innerOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value.slice(0, 50);
  if (value instanceof Fields) return value.pairs.map(([, it]) => it);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return [];
  return Object.values(value).slice(0, 50);
}
