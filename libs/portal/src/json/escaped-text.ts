import { LongText } from './long-text';

/** A JSON string within the bytes of a request. Its escapes are valid. */
export class EscapedText extends LongText {
  constructor(private readonly bytes: Buffer) {
    super();
  }

  get jsonBytes(): number {
    return this.bytes.length;
  }

  json(): Iterable<Uint8Array> {
    return [this.bytes];
  }

  head(maxLength: number): string {
    // An escape takes at most six bytes a character; what is cut off within one is dropped.
    const text = this.bytes.toString('utf8', 0, maxLength * 6).replace(/\\(?:u[0-9a-f]{0,3})?$/i, '');
    return (JSON.parse(`"${text}"`) as string).slice(0, maxLength);
  }

  isWellFormed(): boolean {
    return this.bytes.indexOf('\\u') < 0 || this.toString().isWellFormed();
  }
}
