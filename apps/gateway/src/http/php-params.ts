import { type Bytes, decodePercent, Fault, longTextBytes, PercentText } from '@b24/portal';
import { PhpArray, type PhpLeaf } from './php-array';

export type PhpParams = Record<string, unknown>;

/** Bitrix24's server check asks PHP for `max_input_vars` of at least this. */
export const maxVariables = 10_000;
/** `max_input_nesting_level`: PHP drops what is deeper. */
const maxLevels = 64;
/** Longer than any name of the vendor, fully percent-encoded. */
const maxNameLength = 2_000;
const ampersand = 0x26;
const equalsSign = 0x3d;

/**
 * Parses a query or a form as PHP does: `filter[>ID]=1`, `select[]=ID`. Every value is a string, a long one a `LongText`;
 * keys 0..n form a list. The run time is linear in the length of the text.
 * @throws Fault invalid_request for a text that is too deep or too long, or is not UTF-8
 */
export function parsePhpParams(bytes: Bytes): PhpParams {
  const root = new PhpArray();
  let variables = 0;
  for (const pair of pairsOf(bytes)) {
    if (++variables > maxVariables) throw malformed(`has more than ${maxVariables} variables`);
    const equals = pair.indexOf(equalsSign);
    const end = equals < 0 ? pair.length : equals;
    if (end > maxNameLength) throw malformed('has a name that is too long');
    putVariable(root, decoded(pair.part(0, end)), equals < 0 ? '' : valueOf(pair.part(equals + 1)));
  }
  return root.toObject();
}

function valueOf(bytes: Bytes): PhpLeaf {
  try {
    return bytes.length < longTextBytes ? decodePercent(bytes.joined()) : new PercentText(bytes);
  } catch {
    throw malformed('is not UTF-8');
  }
}

/** Adds a variable under its PHP name. @throws Fault invalid_request for a name that is too deep */
export function putVariable(root: PhpArray, name: string, value: PhpLeaf): void {
  const path = pathOf(name);
  if (path) root.put(path, value);
}

/** Yields the pairs of a form, without decoding them. */
function* pairsOf(bytes: Bytes): Generator<Bytes> {
  for (let from = 0; from < bytes.length;) {
    const mark = bytes.indexOf(ampersand, from);
    const end = mark < 0 ? bytes.length : mark;
    if (end > from) yield bytes.part(from, end);
    from = end + 1;
  }
}

/**
 * Splits `a[b][]` into `a`, `b` and undefined for the next index; returns undefined for a name that PHP ignores. The
 * rules are those of `php_register_variable_ex`: https://github.com/php/php-src/blob/master/main/php_variables.c
 */
function pathOf(name: string): (string | undefined)[] | undefined {
  const given = untilNul(name).replace(/^ +/, '');
  const bracket = given.indexOf('[');
  if (given === '' || bracket === 0) return undefined;
  const base = underscored(bracket < 0 ? given : given.slice(0, bracket));
  const path: (string | undefined)[] = [base];
  for (let open = bracket; open >= 0 && given[open] === '[';) {
    const close = given.indexOf(']', open);
    // An unclosed bracket is part of the first name; after another pair of brackets it is dropped.
    if (close < 0) return path.length > 1 ? checked(path) : checked([underscored(given)]);
    path.push(stepIn(given.slice(open + 1, close)));
    open = close + 1;
  }
  return checked(path);
}

/** PHP ends a name at a NUL. */
function untilNul(name: string): string {
  const nul = name.indexOf('\0');
  return nul < 0 ? name : name.slice(0, nul);
}

function underscored(name: string): string {
  return name.replace(/[. []/g, '_');
}

/** `[]` and `[ ]` are the next index. */
function stepIn(brackets: string): string | undefined {
  return brackets === '' || /^[ \t\n\v\f\r]$/.test(brackets) ? undefined : brackets;
}

function checked(path: (string | undefined)[]): (string | undefined)[] {
  if (path.length > maxLevels) throw malformed(`is nested deeper than ${maxLevels} levels`);
  return path;
}

function decoded(bytes: Bytes): string {
  try {
    return decodePercent(bytes.joined());
  } catch {
    throw malformed('is not UTF-8');
  }
}

/** @param why continues a sentence about the form */
function malformed(why: string): Fault {
  return new Fault('invalid_request', { detail: `The form ${why}; Bitrix24 would not read all of it.` });
}
