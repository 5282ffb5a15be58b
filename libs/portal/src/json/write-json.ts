import { plainJson } from './exact-value';
import { JsonNumber } from './json-number';
import { LongText } from './long-text';
import { entriesOf, isOrdered } from './ordered-object';

/** A JSON text in pieces. */
export type JsonPieces = readonly (string | LongText)[];

/** Writes a value as JSON, exactly as it was read by `readJson`. Long texts are held once more. */
export function writeJson(value: unknown): string {
  return (
    plainJson(value) ??
    jsonPieces(value)
      .map((piece) => (typeof piece === 'string' ? piece : Buffer.concat([...piece.json()]).toString('utf8')))
      .join('')
  );
}

/** Writes a value as JSON without copying its long texts. */
export function jsonPieces(value: unknown): JsonPieces {
  const plain = plainJson(value);
  if (plain !== undefined) return [plain];
  const pieces = new Pieces();
  pieces.add(value);
  return pieces.all;
}

/** Returns the number of bytes of a text in pieces. */
export function bytesOfPieces(pieces: JsonPieces): number {
  return pieces.reduce((sum, it) => sum + (typeof it === 'string' ? Buffer.byteLength(it) : it.jsonBytes), 0);
}

class Pieces {
  readonly all: (string | LongText)[] = [''];

  add(value: unknown): void {
    if (value instanceof JsonNumber) this.text(value.toString());
    else if (value instanceof LongText) this.longText(value);
    else if (Array.isArray(value)) this.list(value);
    else if (typeof value === 'object' && value !== null && isMap(value)) this.map(value);
    else this.text(plainJson(value) ?? 'null');
  }

  private text(text: string): void {
    const last = this.all.length - 1;
    const end = this.all[last];
    if (typeof end === 'string') this.all[last] = end + text;
    else this.all.push(text);
  }

  private longText(text: LongText): void {
    this.text('"');
    this.all.push(text);
    this.text('"');
  }

  private list(items: readonly unknown[]): void {
    this.text('[');
    items.forEach((item, i) => {
      if (i > 0) this.text(',');
      this.add(item);
    });
    this.text(']');
  }

  private map(value: object): void {
    let before = '{';
    for (const [name, item] of entriesOf(value)) {
      if (item === undefined) continue;
      this.text(`${before}${JSON.stringify(name)}:`);
      this.add(item);
      before = ',';
    }
    this.text(before === '{' ? '{}' : '}');
  }
}

/** Objects that write themselves, such as dates, are left to `JSON.stringify`. */
function isMap(value: object): boolean {
  return isOrdered(value) || typeof (value as { toJSON?: unknown }).toJSON !== 'function';
}
