import { isUtf8 } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { EscapedText } from './escaped-text';
import { longTextBytes } from './long-text';
import { entriesOf } from './ordered-object';
import { readJson } from './read-json';

const quote = 0x22;
const backslash = 0x5c;
const escapeU = 0x75;
/** What may follow a backslash, besides `u`. */
const simpleEscapes: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'));
/** Control characters are checked in pieces of this many bytes. */
const windowBytes = 1024 * 1024;

/**
 * Parses the bytes of a JSON text as `readJson` does. Strings of 64 KiB or more become `LongText`, which refers to these
 * bytes; so a large body is held once. A byte order mark is ignored. @throws SyntaxError
 */
export function readJsonBytes(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new SyntaxError('Not UTF-8.');
  const body = bytes.subarray(bytes.indexOf('\uFEFF') === 0 ? 3 : 0);
  if (body.length < longTextBytes) return readJson(body.toString('utf8'));
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
function withoutLongTexts(bytes: Buffer): ShortenedJson {
  const prefix = randomBytes(16).toString('hex');
  const longTexts = new Map<string, EscapedText>();
  const pieces: string[] = [];
  let done = 0;
  for (let begin = bytes.indexOf(quote); begin >= 0;) {
    const end = endOfString(bytes, begin);
    if (end - begin > longTextBytes) {
      const content = bytes.subarray(begin + 1, end);
      assertNoControlCharacters(content);
      const name = `${prefix}${longTexts.size}`;
      longTexts.set(name, new EscapedText(content));
      pieces.push(bytes.toString('utf8', done, begin + 1), name);
      done = end;
    }
    begin = bytes.indexOf(quote, end + 1);
  }
  return { text: pieces.join('') + bytes.toString('utf8', done), longTexts };
}

/** Returns the index of the closing quotation mark. @throws SyntaxError for an escape that JSON does not have */
function endOfString(bytes: Buffer, begin: number): number {
  let end = bytes.indexOf(quote, begin + 1);
  for (let at = bytes.indexOf(backslash, begin + 1); at >= 0 && at < end; at = bytes.indexOf(backslash, at)) {
    at += escapeLength(bytes, at);
    if (at > end) end = bytes.indexOf(quote, at);
  }
  if (end < 0) throw new SyntaxError('A string does not end.');
  return end;
}

function escapeLength(bytes: Buffer, at: number): number {
  const next = bytes[at + 1] ?? 0;
  if (simpleEscapes.has(next)) return 2;
  if (next === escapeU && /^[0-9a-f]{4}$/i.test(bytes.toString('latin1', at + 2, at + 6))) return 6;
  throw new SyntaxError('A string has an unknown escape.');
}

function assertNoControlCharacters(bytes: Buffer): void {
  for (let at = 0; at < bytes.length; at += windowBytes) {
    if (/[\0-\x1f]/.test(bytes.toString('latin1', at, at + windowBytes)))
      throw new SyntaxError('A string has a control character.');
  }
}

/** Puts the long texts in place of the short ones. @throws SyntaxError for a name of an object that is too long */
function withLongTexts(value: unknown, longTexts: ShortenedJson['longTexts']): unknown {
  if (typeof value === 'string') return longTexts.get(value) ?? value;
  if (typeof value !== 'object' || value === null) return value;
  for (const [name, item] of entriesOf(value)) {
    if (longTexts.has(name)) throw new SyntaxError('A name is too long.');
    const inner = withLongTexts(item, longTexts);
    if (inner !== item) Object.defineProperty(value, name, { ...own, value: inner });
  }
  return value;
}

const own = { configurable: true, enumerable: true, writable: true };
