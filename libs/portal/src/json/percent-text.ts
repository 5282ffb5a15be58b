import { isUtf8 } from 'node:buffer';
import type { Bytes } from './bytes';
import { LongText } from './long-text';

const percent = 0x25;
const plus = 0x2b;
const space = 0x20;
/** Bytes that are decoded at once. */
const windowBytes = 48 * 1024;

/** Decodes a name or a value of a form, as PHP does: `+` is a space. @throws TypeError for bytes that are not UTF-8 */
export function decodePercent(bytes: Buffer): string {
  const plain = unescaped(bytes);
  if (!isUtf8(plain)) throw new TypeError('Not UTF-8.');
  return plain.toString('utf8');
}

/** A long value of a form, percent-encoded. */
export class PercentText extends LongText {
  readonly jsonBytes: number;

  /** @throws TypeError for bytes that are not UTF-8 */
  constructor(private readonly bytes: Bytes) {
    super();
    let length = 0;
    for (const piece of this.json()) length += piece.length;
    this.jsonBytes = length;
  }

  *json(): Generator<Uint8Array> {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    for (let from = 0; from < this.bytes.length;) {
      const end = this.endOfWindow(from);
      yield escaped(decoder.decode(unescaped(this.bytes.part(from, end).joined()), { stream: true }));
      from = end;
    }
    yield escaped(decoder.decode());
  }

  head(maxLength: number): string {
    // A character takes at most four bytes, and each of them three letters.
    return unescaped(this.bytes.part(0, maxLength * 12).joined())
      .toString('utf8')
      .slice(0, maxLength);
  }

  isWellFormed(): boolean {
    return true;
  }

  /** Returns where a window ends: not within `%41`. */
  private endOfWindow(from: number): number {
    const end = Math.min(from + windowBytes, this.bytes.length);
    if (end === this.bytes.length) return end;
    if (this.bytes.at(end - 1) === percent) return end - 1;
    return this.bytes.at(end - 2) === percent ? end - 2 : end;
  }
}

/** `+` is a space, and what is no escape stays as it is. */
function unescaped(bytes: Buffer): Buffer {
  return bytes.includes(percent) || bytes.includes(plus) ? unescapedEach(bytes) : bytes;
}

function unescapedEach(bytes: Buffer): Buffer {
  const plain = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    const [high, low] = byte === percent ? [digitAt(bytes, at + 1), digitAt(bytes, at + 2)] : notEscaped;
    if (high >= 0 && low >= 0) {
      plain[length++] = high * 16 + low;
      at += 2;
    } else plain[length++] = byte === plus ? space : byte;
  }
  return plain.subarray(0, length);
}

const notEscaped = [-1, -1] as const;

/** Returns the value of a hexadecimal digit; -1 for any other byte. */
function digitAt(bytes: Buffer, at: number): number {
  return at < bytes.length ? digits[bytes[at]!]! : -1;
}

const digits = Int8Array.from({ length: 256 }, (_, byte) => {
  const value = parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(value) ? -1 : value;
});

function escaped(text: string): Buffer {
  return Buffer.from(JSON.stringify(text).slice(1, -1));
}
