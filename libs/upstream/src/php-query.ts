import { entriesOf, LongText, orderedObject } from '@b24/portal';

/*
 * Inside a batch a command is a URL, read as PHP reads one (docs/bitrix24-rules.md#batch): every value arrives as a
 * string, nulls and empty arrays vanish, and `$result[…]` in a value is replaced by what other commands returned.
 */

/** PHP drops variables beyond 1,000 (`max_input_vars`). */
const maxValues = 500;
const maxBytes = 32 * 1024;

/** `fields[groupId]=125`, percent-encoded; only for parameters with a `sharedSize`. */
export function phpQuery(params: Readonly<Record<string, unknown>>): string {
  return withPairs('', params, '');
}

/**
 * Returns roughly how many bytes these parameters take in a shared batch; undefined when PHP would change them, or when
 * they could read results of others' commands.
 */
export function batchedBytes(method: string, params: Readonly<Record<string, unknown>>): number | undefined {
  if (!/^[a-z][a-z0-9._]{0,99}$/i.test(method) || /^(?:batch|download|upload)$/i.test(method)) return undefined;
  const size = { values: 0, bytes: method.length };
  if (!Object.keys(params).every((key) => /^[A-Za-z]\w*$/.test(key) && addSize(params[key], size))) return undefined;
  return size.values <= maxValues && size.bytes <= maxBytes ? size.bytes : undefined;
}

/** Returns whether parameters survive a caller's own batch, where a value may refer to results of its other commands. */
export function isBatchable(method: string, params: Readonly<Record<string, unknown>>): boolean {
  return batchedBytes(method, withoutDollars(params) as typeof params) !== undefined;
}

/** Replaces `$` by a letter, so that references are allowed and sizes stay the same. */
function withoutDollars(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('$', 'S');
  if (Array.isArray(value)) return value.map(withoutDollars);
  if (typeof value !== 'object' || value === null) return value;
  return value instanceof LongText
    ? value
    : orderedObject(entriesOf(value).map(([key, item]) => [key, withoutDollars(item)]));
}

function addSize(value: unknown, size: { values: number; bytes: number }): boolean {
  if (value instanceof LongText) return false;
  if (typeof value === 'object' && value !== null) {
    const entries = entriesOf(value);
    return entries.length > 0 && entries.every(([key, item]) => isSafe(key, /^$|[$[\]\0]/) && addSize(item, size));
  }
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? `${value}` : value;
  if (typeof text !== 'string' || !isSafe(text, /[$\0]/)) return false;
  size.values += 1;
  size.bytes += 16 + text.length * 3;
  return true;
}

function isSafe(text: string, unsafe: RegExp): boolean {
  return text.isWellFormed() && !unsafe.test(text);
}

/** Returns a query with the pairs of a value at its end. */
function withPairs(query: string, value: unknown, path: string): string {
  if (typeof value !== 'object' || value === null) {
    const pair = `${path}=${phpEncode(String(value))}`;
    return query === '' ? pair : `${query}&${pair}`;
  }
  let longer = query;
  for (const [key, item] of entriesOf(value))
    longer = withPairs(longer, item, path === '' ? phpEncode(key) : `${path}%5B${phpEncode(key)}%5D`);
  return longer;
}

function phpEncode(text: string): string {
  if (/^[\w.-]*$/.test(text)) return text;
  return encodeURIComponent(text).replace(/[!'()*~]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
