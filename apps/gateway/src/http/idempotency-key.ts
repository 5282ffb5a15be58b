import { createHash } from 'node:crypto';
import { Fault } from '@b24/portal';

const maxKeyLength = 255;
const printable = /^[\x20-\x7e]+$/;
/** sf-string of RFC 8941: quotes, in which quotes and backslashes are escaped. */
const quoted = /^"((?:[^"\\]|\\["\\])*)"$/;

/** Returns the text of an `Idempotency-Key`, quoted as in the draft or bare; undefined if there is none. */
export function idempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const text = String(header).trim();
  const inner = quoted.exec(text)?.[1]?.replace(/\\(["\\])/g, '$1');
  const key = text.startsWith('"') ? inner : text;
  if (key !== undefined && key.length <= maxKeyLength && printable.test(key)) return key;
  const message = `Must be a string of 1 to ${maxKeyLength} printable ASCII characters, in quotes or bare.`;
  throw new Fault('invalid_request', { errors: [{ path: 'Idempotency-Key', message }] });
}

/** Returns a digest of a text, which does not reveal it. */
export function digestOf(...texts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex');
}

/** Returns JSON with sorted fields, so that equal content gives equal text. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    const fields = Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(fields);
  });
}
