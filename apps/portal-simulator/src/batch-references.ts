import { jsonDecode } from './json-decode';
import { OrderedArray } from './ordered-array';
import { isMap } from './php-input';
import { phpJson } from './php-json';
import { bracketed } from './php-query';

/** What the earlier commands of a batch have returned so far. */
export type BatchResults = Readonly<
  Record<'result' | 'next' | 'total' | 'time' | 'error', ReadonlyMap<string, unknown>>
>;

const reference = /\$(result|next|total|time|error)([^\s]*)/gi;

/**
 * Replaces `$result[key][field]` and its kin in every decoded value (docs/bitrix24-rules.md#batch): any case, any
 * letters before the bracket, and an unknown key yields the whole map it was looked up in. There is no escape.
 */
export function withReferences(params: OrderedArray, results: BatchResults): OrderedArray {
  return OrderedArray.of([...params].map(([key, value]) => [key, replaced(value, results)]));
}

function replaced(value: unknown, results: BatchResults): unknown {
  if (value instanceof OrderedArray) return withReferences(value, results);
  return typeof value === 'string' && value.includes('$') ? replacedText(value, results) : value;
}

function replacedText(text: string, results: BatchResults): unknown {
  let current = text;
  for (const [whole, name = '', path = ''] of text.matchAll(reference)) {
    const keys = bracketed(path).filter((key) => key !== '');
    if (keys.length === 0) continue;
    const found = lookUp(results[name.toLowerCase() as keyof BatchResults], keys);
    if (whole === current) return asParameter(found);
    current = current.replaceAll(whole, asText(found));
  }
  return current;
}

function lookUp(map: ReadonlyMap<string, unknown>, keys: readonly string[]): unknown {
  let node: unknown = map;
  for (const key of keys) {
    const child = childOf(node, key);
    if (child === undefined || child === null) return node;
    node = child;
  }
  return node;
}

function childOf(node: unknown, key: string): unknown {
  if (node instanceof OrderedArray || node instanceof Map) return node.get(key);
  if (Array.isArray(node)) return /^\d+$/.test(key) ? node[Number(key)] : undefined;
  return isMap(node) && Object.hasOwn(node, key) ? node[key] : undefined;
}

function asParameter(value: unknown): unknown {
  return typeof value === 'string' ? value : jsonDecode(Buffer.from(phpJson(value)))?.value;
}

/** PHP would print the word Array; the strictest reading prints what leaked. */
function asText(value: unknown): string {
  return typeof value === 'string' ? value : phpJson(value);
}
