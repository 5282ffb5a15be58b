import { noteExactValue } from './exact-value';

/** A JSON number that a double would change, as text: `9007199254740993`, `1.10`, `1e2`. As a number it is the nearest double. */
export class JsonNumber extends Number {
  readonly #text: string;

  constructor(text: string) {
    super(text);
    this.#text = text;
  }

  override toString(): string {
    return this.#text;
  }

  toJSON(): number {
    noteExactValue();
    return Number(this.#text);
  }
}

/** Returns the number that a JSON text means, exactly. */
export function jsonNumber(text: string): number | JsonNumber {
  return isExact(text) ? Number(text) : new JsonNumber(text);
}

/** Returns whether JavaScript writes this number as it was written. */
export function isExact(text: string): boolean {
  return String(Number(text)) === text;
}

/** Returns the double of a number that was read; undefined for anything else. */
export function toNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return value instanceof JsonNumber ? Number(value) : undefined;
}
