import { OrderedArray, ReceivedNumber } from './ordered-array';

const maxDepth = 511;

/**
 * `json_decode` of a text in UTF-8 (docs/bitrix24-rules.md#values). Undefined when PHP decodes nothing: broken JSON, a
 * byte order mark, bytes that are no UTF-8, half a surrogate pair, or more than 511 levels of arrays.
 */
export function jsonDecode(bytes: Buffer): { readonly value: unknown } | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    JSON.parse(text);
    return { value: new JsonReader(text).value(0) };
  } catch {
    return undefined;
  }
}

/** Reads a text that is known to be JSON, so that blanks, commas and colons may be passed over alike. */
class JsonReader {
  private position = 0;

  constructor(private readonly text: string) {}

  value(depth: number): unknown {
    const first = this.next();
    if (first === '{') return this.object(depth + 1);
    if (first === '[') return this.list(depth + 1);
    if (first === '"') return this.string();
    const word = this.word();
    return /^[tfn]/.test(word) ? JSON.parse(word) : new ReceivedNumber(word);
  }

  private object(depth: number): OrderedArray {
    const array = this.enter(depth);
    while (this.next() !== '}') {
      const name = this.string();
      array.set(name, this.value(depth));
    }
    this.position += 1;
    return array;
  }

  private list(depth: number): OrderedArray {
    const array = this.enter(depth);
    while (this.next() !== ']') array.append(this.value(depth));
    this.position += 1;
    return array;
  }

  private enter(depth: number): OrderedArray {
    if (depth > maxDepth) throw new Error('Too deep.');
    this.position += 1;
    return new OrderedArray();
  }

  private next(): string {
    while (' \t\n\r,:'.includes(this.text[this.position] ?? '!')) this.position += 1;
    return this.text[this.position] ?? '';
  }

  private string(): string {
    const start = this.position;
    let end = this.text.indexOf('"', start + 1);
    while (this.isEscaped(end)) end = this.text.indexOf('"', end + 1);
    this.position = end + 1;
    const value = JSON.parse(this.text.slice(start, end + 1)) as string;
    if (!value.isWellFormed()) throw new Error('Half a surrogate pair.');
    return value;
  }

  private isEscaped(at: number): boolean {
    let backslash = at;
    while (this.text[backslash - 1] === '\\') backslash -= 1;
    return (at - backslash) % 2 === 1;
  }

  private word(): string {
    const token = /[-+.\w]+/y;
    token.lastIndex = this.position;
    const word = token.exec(this.text)?.[0] ?? '';
    this.position += word.length;
    return word;
  }
}
