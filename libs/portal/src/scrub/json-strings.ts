/**
 * A JSON text with its strings, names included, put through a function. Strings shorter than `minLength` and whatever is
 * not a string stay as they are, byte for byte: numbers, white space, the order of names. What follows a string that
 * never ends is put through as well.
 */
export function mapJsonStrings(json: string, minLength: number, change: (text: string) => string): string {
  let result = '';
  let done = 0;
  let begin = json.indexOf('"');
  while (begin >= 0) {
    const end = endOfString(json, begin);
    if (end - begin >= minLength + 2) {
      const literal = json.slice(begin, end);
      const text = textOf(literal);
      const changed = change(text);
      if (changed !== text) {
        result += json.slice(done, begin) + JSON.stringify(changed);
        done = end;
      }
    }
    begin = json.indexOf('"', end);
  }
  return done === 0 ? json : result + json.slice(done);
}

/** Behind the closing quotation mark. */
function endOfString(json: string, begin: number): number {
  for (let at = json.indexOf('"', begin + 1); at >= 0; at = json.indexOf('"', at + 1)) {
    let backslashes = at;
    while (json.charCodeAt(backslashes - 1) === 92) backslashes--;
    if ((at - backslashes) % 2 === 0) return at + 1;
  }
  return json.length;
}

function textOf(literal: string): string {
  if (!literal.includes('\\') && literal.endsWith('"')) return literal.slice(1, -1);
  try {
    return JSON.parse(literal) as string;
  } catch {
    return literal;
  }
}
