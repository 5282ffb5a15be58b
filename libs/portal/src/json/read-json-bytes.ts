import { randomBytes } from 'node:crypto';
import type { Bytes } from './bytes';
import { EscapedText } from './escaped-text';
import { longTextBytes } from './long-text';
import { entriesOf } from './ordered-object';
import { readJson } from './read-json';

const quote = 0x22;
const backslash = 0x5c;
const escapeU = 0x75;
/** What may follow a backslash, besides `u`. */
const simpleEscapes: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'));

const separators: ReadonlySet<number> = new Set(Buffer.from(',[{'));
/** More than any call has; each value takes far more memory than its text. */
const maxValues = 200_000;

/**
 * Parses the bytes of a JSON text as `readJson` does. Strings of 64 KiB or more become `LongText`, which refers to these
 * bytes; so a large body is held once. A byte order mark is ignored. @throws SyntaxError also for more than 200,000 values
 */
export function readJsonBytes(bytes: Bytes): unknown {
  if (!bytes.isUtf8()) throw new SyntaxError('Not UTF-8.');
  const hasMark = bytes.at(0) === 0xef && bytes.at(1) === 0xbb && bytes.at(2) === 0xbf;
  const body = hasMark ? bytes.part(3) : bytes;
  if (body.length < longTextBytes) return readJson(body.toString());
  const { text, longTexts } = withoutLongTexts(body);
  const value = readJson(text);
  return longTexts.size > 0 ? withLongTexts(value, longTexts) : value;
}

interface ShortenedJson {
  readonly text: string;
  /** By the text that replaces them. */
  readonly longTexts: ReadonlyMap<string, EscapedText>;
}

/** Replaces each long string by a short one that nobody can guess. */
function withoutLongTexts(bytes: Bytes): ShortenedJson {
  const prefix = randomBytes(16).toString('hex');
  const longTexts = new Map<string, EscapedText>();
  const pieces: string[] = [];
  const strings = new StringScanner(bytes);
  let values = counted(0, bytes.part(0, Math.max(0, bytes.indexOf(quote))));
  let done = 0;
  for (let begin = bytes.indexOf(quote); begin >= 0;) {
    const end = strings.endOf(begin);
    if (end - begin > longTextBytes) {
      const content = bytes.part(begin + 1, end);
      assertNoControlCharacters(content);
      const name = `${prefix}${longTexts.size}`;
      longTexts.set(name, new EscapedText(content));
      pieces.push(bytes.part(done, begin + 1).toString(), name);
      done = end;
    }
    begin = bytes.indexOf(quote, end + 1);
    values = counted(values, bytes.part(end + 1, begin < 0 ? bytes.length : begin));
  }
  return { text: pieces.join('') + bytes.part(done).toString(), longTexts };
}

/** Counts what separates values outside strings. @throws SyntaxError for too many values */
function counted(before: number, { pieces }: Bytes): number {
  let values = before;
  for (const piece of pieces) for (const byte of piece) if (separators.has(byte)) values++;
  if (values > maxValues) throw new SyntaxError(`More than ${maxValues} values.`);
  return values;
}

/** Finds the ends of strings. It reads each byte once, because it remembers the next backslash. */
class StringScanner {
  private backslashAt = -1;

  constructor(private readonly bytes: Bytes) {}

  /** Returns the position of the closing quotation mark. @throws SyntaxError for an escape that JSON does not have */
  endOf(begin: number): number {
    let end = this.bytes.indexOf(quote, begin + 1);
    for (let at = this.backslashFrom(begin + 1); at < end; at = this.backslashFrom(at)) {
      at += this.escapeLength(at);
      if (at > end) end = this.bytes.indexOf(quote, at);
    }
    if (end < 0) throw new SyntaxError('A string does not end.');
    return end;
  }

  private backslashFrom(position: number): number {
    if (this.backslashAt < position) {
      const found = this.bytes.indexOf(backslash, position);
      this.backslashAt = found < 0 ? Infinity : found;
    }
    return this.backslashAt;
  }

  private escapeLength(at: number): number {
    const next = this.bytes.at(at + 1) ?? 0;
    if (simpleEscapes.has(next)) return 2;
    if (next === escapeU && /^[0-9a-f]{4}$/i.test(this.bytes.part(at + 2, at + 6).toString('latin1'))) return 6;
    throw new SyntaxError('A string has an unknown escape.');
  }
}

function assertNoControlCharacters({ pieces }: Bytes): void {
  for (const piece of pieces)
    for (const byte of piece) if (byte < 0x20) throw new SyntaxError('A string has a control character.');
}

/** Puts the long texts in place of the short ones. @throws SyntaxError for a name of an object that is too long */
function withLongTexts(value: unknown, longTexts: ShortenedJson['longTexts']): unknown {
  if (typeof value === 'string') return longTexts.get(value) ?? value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => withLongTexts(item, longTexts));
  for (const [name, item] of entriesOf(value)) {
    if (longTexts.has(name)) throw new SyntaxError('A name is too long.');
    const inner = withLongTexts(item, longTexts);
    if (inner !== item) Object.defineProperty(value, name, { ...own, value: inner });
  }
  return value;
}

const own = { configurable: true, enumerable: true, writable: true };
