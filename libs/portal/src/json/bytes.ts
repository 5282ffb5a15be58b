import { isUtf8 } from 'node:buffer';

/**
 * Bytes in pieces, as they arrived: a large body is held once and never joined. Positions count through all pieces.
 */
export class Bytes {
  readonly length: number;
  /** Where each piece begins. */
  private readonly starts: readonly number[];
  /** The piece that was used last: readers move on from where they were. */
  private current = 0;

  constructor(readonly pieces: readonly Buffer[]) {
    let length = 0;
    this.starts = pieces.map((piece) => {
      length += piece.length;
      return length - piece.length;
    });
    this.length = length;
  }

  static of(text: string): Bytes {
    return new Bytes([Buffer.from(text)]);
  }

  /** Returns the byte at a position; undefined outside. */
  at(position: number): number | undefined {
    const index = this.pieceAt(position);
    return this.pieces[index]?.[position - (this.starts[index] ?? 0)];
  }

  /** Returns the first position of a byte, from a position on; -1 if there is none. */
  indexOf(byte: number, from = 0): number {
    for (let index = this.pieceAt(from); index < this.pieces.length; index++) {
      const start = this.starts[index] ?? 0;
      const found = this.pieces[index]?.indexOf(byte, Math.max(0, from - start)) ?? -1;
      if (found >= 0) return start + found;
    }
    return -1;
  }

  /** Returns a part, which shares the memory. */
  part(from: number, to = this.length): Bytes {
    const pieces: Buffer[] = [];
    for (let index = this.pieceAt(from); index < this.pieces.length; index++) {
      const start = this.starts[index] ?? 0;
      if (start >= to) break;
      const piece = this.pieces[index]?.subarray(Math.max(0, from - start), to - start);
      if (piece && piece.length > 0) pieces.push(piece);
    }
    return new Bytes(pieces);
  }

  /** Returns the bytes in one buffer, copied unless there is one piece. */
  joined(): Buffer {
    const [first] = this.pieces;
    return first && this.pieces.length === 1 ? first : Buffer.concat(this.pieces, this.length);
  }

  toString(encoding: 'utf8' | 'latin1' = 'utf8'): string {
    return this.joined().toString(encoding);
  }

  /** Returns whether the bytes are UTF-8. */
  isUtf8(): boolean {
    let begun: Buffer = Buffer.alloc(0);
    for (const piece of this.pieces) {
      // A character may begin in one piece and end in another.
      const missing = begun.length > 0 ? sequenceLength(begun[0] ?? 0) - begun.length : 0;
      begun = missing > 0 ? Buffer.concat([begun, piece.subarray(0, missing)]) : begun;
      if (missing > piece.length) continue;
      const rest = piece.subarray(missing);
      const end = rest.length - incompleteEnd(rest);
      if (!isUtf8(begun) || !isUtf8(rest.subarray(0, end))) return false;
      begun = rest.subarray(end);
    }
    return begun.length === 0;
  }

  private pieceAt(position: number): number {
    const isBefore = position < (this.starts[this.current] ?? 0);
    let index = isBefore ? 0 : this.current;
    while (index + 1 < this.starts.length && (this.starts[index + 1] ?? 0) <= position) index++;
    return (this.current = index);
  }
}

/** Returns how many bytes a character has that begins with this one. */
function sequenceLength(first: number): number {
  if (first < 0xc0) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}

/** Returns how many bytes at the end begin a character that is not complete. */
function incompleteEnd(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte >= 0xc0) return sequenceLength(byte) > back ? back : 0;
    if (byte < 0x80) return 0;
  }
  return 0;
}
