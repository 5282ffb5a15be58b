import { type LongText, orderedObject } from '@b24/portal';

/** The largest key that PHP treats as an integer: 2^63 - 1. */
const maxIndex = 9_223_372_036_854_775_807n;
const minIndex = -maxIndex - 1n;

/** What a form can hold: texts, and what became of files. */
export type PhpLeaf = string | LongText | readonly unknown[];
type PhpArrayValue = PhpLeaf | PhpArray;

/** An ordered map whose next index is one more than the largest integer among its keys, as in PHP. */
export class PhpArray {
  private readonly values = new Map<string, PhpArrayValue>();
  /** Undefined while no key is an integer. */
  private lastIndex: bigint | undefined;

  /**
   * Sets the value at a path, in which undefined stands for the next index. Drops the value if there is no next index.
   */
  put(path: readonly (string | undefined)[], value: PhpLeaf): void {
    const [step, ...rest] = path;
    const key = step ?? this.nextIndex();
    if (key === undefined) return;
    if (rest.length === 0) this.set(key, value);
    else this.arrayAt(key).put(rest, value);
  }

  /** Returns an object at the top, with its keys in order; below it, keys 0..n are a list. */
  toObject(): Record<string, unknown> {
    return orderedObject([...this.values].map(([key, value]) => [key, plain(value)]));
  }

  /** Returns a list where the keys are 0..n, else a plain object. */
  toPlain(): unknown {
    const keys = [...this.values.keys()];
    const isList = keys.length > 0 && keys.every((key, i) => key === String(i));
    return isList ? [...this.values.values()].map(plain) : this.toObject();
  }

  private arrayAt(key: string): PhpArray {
    const found = this.values.get(key);
    if (found instanceof PhpArray) return found;
    const made = new PhpArray();
    this.set(key, made);
    return made;
  }

  private set(key: string, value: PhpArrayValue): void {
    const index = indexOf(key);
    if (index !== undefined && (this.lastIndex === undefined || index > this.lastIndex)) this.lastIndex = index;
    this.values.set(key, value);
  }

  private nextIndex(): string | undefined {
    if (this.lastIndex === undefined) return '0';
    return this.lastIndex < maxIndex ? String(this.lastIndex + 1n) : undefined;
  }
}

function plain(value: PhpArrayValue): unknown {
  return value instanceof PhpArray ? value.toPlain() : value;
}

/** Whether PHP treats a key as an integer: it is written as PHP itself writes one. */
function indexOf(key: string): bigint | undefined {
  if (key.length > 20 || !/^(?:0|-?[1-9]\d*)$/.test(key)) return undefined;
  const index = BigInt(key);
  return index >= minIndex && index <= maxIndex ? index : undefined;
}
