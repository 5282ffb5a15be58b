import { createHash } from 'node:crypto';
import { entriesOf, Fault, JsonNumber, LongText, writeJson } from '@b24/portal';

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

/** Returns JSON with sorted fields, so that equal content gives equal text. A long text is replaced by its digest. */
export function canonical(value: unknown): string {
  return writeJson(sorted(value));
}

function sorted(value: unknown): unknown {
  if (value instanceof LongText) return { digest: digestOfText(value) };
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null || value instanceof JsonNumber) return value;
  const fields = entriesOf(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields.map(([name, item]) => [name, sorted(item)]));
}

function digestOfText(text: LongText): string {
  const hash = createHash('sha256');
  text.addTo(hash);
  return hash.digest('hex');
}
