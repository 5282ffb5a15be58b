import { OrderedArray, ReceivedNumber } from './ordered-array';
import { isList, isMap } from './php-input';

/**
 * Writes JSON as PHP's `json_encode` does: an array whose keys are 0…n in order is a list, an empty one is `[]`, and
 * names keep their order. A number that was received is written with the same digits. Maps are written like arrays.
 */
export function phpJson(value: unknown): string {
  if (value instanceof ReceivedNumber) return value.text;
  if (value instanceof OrderedArray || value instanceof Map) return arrayJson(value as Iterable<[string, unknown]>);
  if (Array.isArray(value)) return `[${value.map(phpJson).join(',')}]`;
  if (isMap(value)) return objectJson(Object.entries(value).filter(([, inner]) => inner !== undefined));
  return JSON.stringify(value) ?? 'null';
}

function arrayJson(array: Iterable<[string, unknown]>): string {
  return isList(array) ? `[${[...array].map(([, item]) => phpJson(item)).join(',')}]` : objectJson([...array]);
}

function objectJson(entries: readonly (readonly [string, unknown])[]): string {
  return `{${entries.map(([name, inner]) => `${JSON.stringify(name)}:${phpJson(inner)}`).join(',')}}`;
}
