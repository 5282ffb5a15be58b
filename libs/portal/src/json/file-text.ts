import { LongText } from './long-text';

/** Bytes that are encoded at once; a multiple of three, so that the pieces join without padding. */
const windowBytes = 48 * 1024;

/** A file in base64. */
export class FileText extends LongText {
  readonly jsonBytes: number;

  /** @param pieces the bytes of the file, in order */
  constructor(private readonly pieces: readonly Buffer[]) {
    super();
    this.jsonBytes = Math.ceil(pieces.reduce((sum, it) => sum + it.length, 0) / 3) * 4;
  }

  *json(): Generator<Uint8Array> {
    let rest: Buffer = Buffer.alloc(0);
    for (const piece of this.pieces) {
      for (let from = 0; from < piece.length; from += windowBytes) {
        const bytes = Buffer.concat([rest, piece.subarray(from, from + windowBytes)]);
        const whole = bytes.length - (bytes.length % 3);
        if (whole > 0) yield Buffer.from(bytes.toString('base64', 0, whole), 'latin1');
        rest = bytes.subarray(whole);
      }
    }
    if (rest.length > 0) yield Buffer.from(rest.toString('base64'), 'latin1');
  }

  head(maxLength: number): string {
    return this.toString().slice(0, maxLength);
  }

  isWellFormed(): boolean {
    return true;
  }
}
