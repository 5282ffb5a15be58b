import type { Bytes } from './bytes';
import { LongText } from './long-text';

const escapeStart = 0x5c;
/** Letters of the longest escape. */
const maxEscape = 6;

/** A JSON string within the bytes of a request. Its escapes are valid. */
export class EscapedText extends LongText {
  constructor(private readonly bytes: Bytes) {
    super();
  }

  get jsonBytes(): number {
    return this.bytes.length;
  }

  json(): Iterable<Uint8Array> {
    return this.bytes.pieces;
  }

  head(maxLength: number): string {
    // A character takes at most six bytes.
    return decodedStart(this.bytes.part(0, maxLength * 6).toString()).slice(0, maxLength);
  }

  isWellFormed(): boolean {
    return this.bytes.indexOf(escapeStart) < 0 || this.toString().isWellFormed();
  }
}

/** Decodes a text that may end within an escape, which is dropped. */
function decodedStart(text: string): string {
  for (let length = text.length; length > text.length - maxEscape; length--) {
    try {
      return JSON.parse(`"${text.slice(0, length)}"`) as string;
    } catch {
      // Cut off within an escape: one letter less.
    }
  }
  return '';
}
