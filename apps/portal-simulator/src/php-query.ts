import { OrderedArray } from './ordered-array';
import { type PhpInput, inputOf } from './php-input';
import { bytesOfText, textOfBytes } from './php-text';

const maxNesting = 64;

/** `max_input_vars` of the vendor's machines: what a form has beyond it is not read. */
const maxVariables = 10_000;

/** `parse_str` of a text that is bytes, one a character (docs/bitrix24-rules.md#values); every value is a string. */
export function parseStr(bytes: string): OrderedArray {
  const [text = ''] = bytes.split('\0');
  const array = new OrderedArray();
  for (const part of text.split('&').filter(Boolean).slice(0, maxVariables)) readPart(array, part);
  return array;
}

/** The same of a text, by name. */
export function parsePhpQuery(text: string): PhpInput {
  return inputOf(parseStr(bytesOfText(text)));
}

/** `$_POST` of a form: NUL ends no body, and empty parts count as variables. */
export function parsePostedForm(bytes: string): OrderedArray {
  const array = new OrderedArray();
  for (const part of bytes.split('&', maxVariables)) readPart(array, part);
  return array;
}

/**
 * Puts one value where its name says. Brackets lead into arrays, NUL ends the name, leading spaces are passed over, and
 * spaces and dots become underscores. A variable with more than 64 brackets is removed as a whole.
 */
export function registerVariable(root: OrderedArray, nameBytes: string, value: string): void {
  const [name = ''] = nameBytes.replace(/^ +/, '').split('\0');
  const path = pathOf(name);
  if (path[0] === undefined || path[0] === '') return;
  if (path.length > maxNesting + 1) root.delete(textOfBytes(path[0]));
  else assign(root, path.map(textOf), value);
}

/** Writes pairs the way PHP's `http_build_query` does, brackets percent-encoded, spaces as plus signs. */
export function encodeForm(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
}

/** What stands between each `[` and the first `]` behind it. */
export function bracketed(text: string): string[] {
  const found: string[] = [];
  for (let open = text.indexOf('['); open >= 0;) {
    const close = text.indexOf(']', open);
    if (close < 0) break;
    found.push(text.slice(open + 1, close));
    open = text.indexOf('[', close);
  }
  return found;
}

function readPart(array: OrderedArray, part: string): void {
  const equals = part.indexOf('=');
  const name = decode(equals < 0 ? part : part.slice(0, equals));
  registerVariable(array, name, equals < 0 ? '' : textOfBytes(decode(part.slice(equals + 1))));
}

function decode(text: string): string {
  return text.replaceAll('+', ' ').replace(/%[0-9a-f]{2}/gi, (hex) => String.fromCharCode(parseInt(hex.slice(1), 16)));
}

function encode(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

/**
 * `fields[groupId]` becomes `['fields', 'groupId']`; undefined stands for `[]`, the next index. A bracket that nothing
 * closes ends the path: the first one becomes an underscore of the name, a later one is left out with what follows.
 */
function pathOf(name: string): (string | undefined)[] {
  const open = name.indexOf('[');
  if (open <= 0) return [open < 0 ? underscored(name) : ''];
  const path: (string | undefined)[] = [underscored(name.slice(0, open))];
  for (let at = open; name[at] === '[';) {
    const close = name.indexOf(']', at);
    if (close < 0) return at === open ? [unclosed(name, open)] : path;
    path.push(keyOf(name.slice(at + 1, close)));
    at = close + 1;
  }
  return path;
}

function unclosed(name: string, open: number): string {
  return underscored(`${name.slice(0, open)}_${name.slice(open + 1)}`.replaceAll('[', '_'));
}

function underscored(name: string): string {
  return name.replace(/[. ]/g, '_');
}

function keyOf(index: string): string | undefined {
  return /^[ \t\n\v\f\r]?$/.test(index) ? undefined : index;
}

function textOf(key: string | undefined): string | undefined {
  return key === undefined ? undefined : textOfBytes(key);
}

function assign(root: OrderedArray, path: readonly (string | undefined)[], value: string): void {
  let node = root;
  for (const key of path.slice(0, -1)) {
    const known = key === undefined ? undefined : node.get(key);
    const child = known instanceof OrderedArray ? known : new OrderedArray();
    put(node, key, child);
    node = child;
  }
  put(node, path.at(-1), value);
}

function put(node: OrderedArray, key: string | undefined, value: unknown): void {
  if (key === undefined) node.append(value);
  else node.set(key, value);
}
