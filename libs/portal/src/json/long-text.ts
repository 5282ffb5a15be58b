import type { Hash } from 'node:crypto';
import { noteExactValue } from './exact-value';

/** Texts from this many bytes on stay encoded, as they came, until they are sent. */
export const longTextBytes = 64 * 1024;

/**
 * A text too long to decode and encode again, such as a file in base64. It refers to the bytes of the request, and is
 * written piece by piece.
 */
export abstract class LongText {
  /** The bytes of its JSON string, without the quotation marks. */
  abstract readonly jsonBytes: number;

  /** Yields its JSON string, without the quotation marks. */
  abstract json(): Iterable<Uint8Array>;

  /** Returns the first characters, decoded. */
  abstract head(maxLength: number): string;

  /** Returns whether it holds no half of a surrogate pair. */
  abstract isWellFormed(): boolean;

  /** Adds its content to a digest. */
  addTo(hash: Hash): void {
    for (const piece of this.json()) hash.update(piece);
  }

  /** Returns the whole text. It takes as much memory again as the text has. */
  toString(): string {
    return JSON.parse(`"${Buffer.concat([...this.json()]).toString('utf8')}"`) as string;
  }

  toJSON(): string {
    noteExactValue();
    return '';
  }
}
