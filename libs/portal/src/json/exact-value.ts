/*
 * `JSON.stringify` cannot write everything that JSON can hold: the text of a number, the order of numeric names, a text
 * too long to hold twice. A value that holds such a thing notes it, so that `writeJson` writes the whole value exactly.
 */
let noted = 0;

/** Called by `toJSON` of each kind of value that `JSON.stringify` would change. */
export function noteExactValue(): void {
  noted++;
}

/** Runs `JSON.stringify`; returns undefined if the value holds something that it would change. */
export function plainJson(value: unknown): string | undefined {
  const before = noted;
  const text = JSON.stringify(value) as string | undefined;
  return noted === before ? (text ?? 'null') : undefined;
}
