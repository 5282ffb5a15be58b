import type { Bytes } from './bytes';
import { LongText } from './long-text';

const escapeStart = 0x5c;

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
    // A character takes at most six bytes; an escape or a character that is cut off is dropped.
    const text = this.bytes.part(0, maxLength * 6).toString();
    return (JSON.parse(`"${text.replace(/\\(?:u[0-9a-f]{0,3})?$/i, '')}"`) as string).slice(0, maxLength);
  }

  isWellFormed(): boolean {
    return this.bytes.indexOf(escapeStart) < 0 || this.toString().isWellFormed();
  }
}
