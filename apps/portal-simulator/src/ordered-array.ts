/** A number of a JSON text, with its digits as they were written. */
export class ReceivedNumber {
  constructor(readonly text: string) {}

  get value(): number {
    return Number(this.text);
  }
}

const maxIndex = 2n ** 63n - 1n;
const minIndex = -(2n ** 63n);

/**
 * PHP's ordered array: keys stay in the order of their first use, whatever they look like. A key that is a canonical
 * integer of 64 bits is an index, and the next appended value gets the index after the largest one.
 */
export class OrderedArray implements Iterable<[string, unknown]> {
  private readonly values = new Map<string, unknown>();
  private nextIndex: bigint | undefined;

  static of(entries: Iterable<readonly [string, unknown]>): OrderedArray {
    const array = new OrderedArray();
    for (const [key, value] of entries) array.set(key, value);
    return array;
  }

  static list(items: Iterable<unknown>): OrderedArray {
    const array = new OrderedArray();
    for (const item of items) array.append(item);
    return array;
  }

  get size(): number {
    return this.values.size;
  }

  [Symbol.iterator](): IterableIterator<[string, unknown]> {
    return this.values.entries();
  }

  get(key: string): unknown {
    return this.values.get(key);
  }

  has(key: string): boolean {
    return this.values.has(key);
  }

  set(key: string, value: unknown): void {
    this.values.set(key, value);
    if (isIndex(key)) this.raiseNextIndex(BigInt(key));
  }

  /** Does nothing when the largest index is taken, as PHP. */
  append(value: unknown): void {
    const key = String(this.nextIndex ?? 0n);
    if (!this.values.has(key)) this.set(key, value);
  }

  delete(key: string): void {
    this.values.delete(key);
  }

  private raiseNextIndex(index: bigint): void {
    if (this.nextIndex !== undefined && index < this.nextIndex) return;
    this.nextIndex = index < maxIndex ? index + 1n : maxIndex;
  }
}

/** `array_merge`: the second wins, at the first one's position; indexes start at zero. */
export function merged(...arrays: readonly OrderedArray[]): OrderedArray {
  const all = new OrderedArray();
  for (const [key, value] of arrays.flatMap((array) => [...array])) {
    if (isIndex(key)) all.append(value);
    else all.set(key, value);
  }
  return all;
}

/** `array_replace`: the second wins, at the first one's position; indexes stay. */
export function replaced(first: OrderedArray, second: OrderedArray): OrderedArray {
  return OrderedArray.of([...first, ...second]);
}

function isIndex(key: string): boolean {
  if (!/^(?:0|-?[1-9]\d{0,18})$/.test(key)) return false;
  const index = BigInt(key);
  return index >= minIndex && index <= maxIndex;
}
