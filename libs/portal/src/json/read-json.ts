import { visit } from 'jsonc-parser';
import { isExact, jsonNumber } from './json-number';
import { isDeeperThan } from './nesting';
import { orderedObject } from './ordered-object';

/** The depth that PHP's `json_decode` and `json_encode` have at most. */
export const maxJsonDepth = 512;

/** A number that JavaScript may write in another way: long, with a zero at the end, with an exponent, tiny, or -0. */
const oddNumber =
  /(?:^|[:[,])\s*(-?(?:[\d.]{16,}|\d*\.\d*0(?!\d)|\d[\d.]*[eE][\d+-]*|0\.0{6}\d*|0(?![\d.]))(?:[\d.]*(?:[eE][\d+-]+)?))/g;
/** A name that JavaScript moves to the front of an object. */
const numericName = /"(?:0|[1-9]\d*)"\s*:/;

/**
 * Parses JSON without loss: a number that a double would change is a `JsonNumber`, and `entriesOf` gives the entries of
 * an object in the order of the text. @throws SyntaxError also for more than 512 levels
 */
export function readJson(text: string): unknown {
  if (isDeeperThan(maxJsonDepth, text)) throw new SyntaxError(`More than ${maxJsonDepth} levels.`);
  const value: unknown = JSON.parse(text);
  return numericName.test(text) || holdsOddNumber(text) ? readExactly(text) : value;
}

function holdsOddNumber(text: string): boolean {
  oddNumber.lastIndex = 0;
  for (let found = oddNumber.exec(text); found; found = oddNumber.exec(text)) if (!isExact(found[1] ?? '')) return true;
  return false;
}

/** A list or an object whose end has not been read. */
interface OpenValue {
  readonly items: unknown[];
  /** Of an object. */
  readonly names?: string[];
}

/** Reads a text that is known to be JSON, number by number and name by name. */
function readExactly(text: string): unknown {
  const root: unknown[] = [];
  const open: OpenValue[] = [{ items: root }];
  const add = (value: unknown) => open.at(-1)?.items.push(value);
  const close = () => {
    const ended = open.pop();
    if (ended) add(ended.names ? orderedObject(ended.names.map((name, i) => [name, ended.items[i]])) : ended.items);
  };
  visit(text, {
    onObjectBegin: () => void open.push({ items: [], names: [] }),
    onObjectProperty: (name) => void open.at(-1)?.names?.push(name),
    onObjectEnd: close,
    onArrayBegin: () => void open.push({ items: [] }),
    onArrayEnd: close,
    onLiteralValue: (value: unknown, offset, length) =>
      add(typeof value === 'number' ? jsonNumber(text.slice(offset, offset + length)) : value),
  });
  return root[0];
}
