import { unescape } from 'node:querystring';
import { Fault } from '@b24/portal';
import { PhpArray } from './php-array';

export type PhpParams = Record<string, unknown>;

/** Bitrix24's server check asks PHP for `max_input_vars` of at least this. */
const maxVariables = 10_000;
const maxLevels = 20;
/** Longer than any name of the vendor, fully percent-encoded. */
const maxNameLength = 2_000;
const ofPrototypes: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Parses a query or a form as PHP does: `filter[>ID]=1`, `select[]=ID`. Every value is a string; keys 0..n form a list.
 * The run time is linear in the length of the text.
 * @throws Fault invalid_request for a text that is too deep or too long, or names a prototype
 */
export function parsePhpParams(text: string): PhpParams {
  const root = new PhpArray();
  let variables = 0;
  for (const pair of pairsOf(text)) {
    if (++variables > maxVariables) throw malformed();
    const equals = pair.indexOf('=');
    const end = equals < 0 ? pair.length : equals;
    if (end > maxNameLength) throw malformed();
    const path = pathOf(decoded(pair.slice(0, end)));
    if (path) root.put(path, equals < 0 ? '' : decoded(pair.slice(equals + 1)));
  }
  return root.toObject();
}

/** Parses a JSON body as Bitrix24 does: a value that is not an object counts as no body. */
export function parseJsonParams(text: string): PhpParams {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as PhpParams) : {};
  } catch {
    return {};
  }
}

function* pairsOf(text: string): Generator<string> {
  for (let from = 0; from < text.length;) {
    const mark = text.indexOf('&', from);
    const end = mark < 0 ? text.length : mark;
    if (end > from) yield text.slice(from, end);
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
  if (path.length > maxLevels || path.some((step) => step !== undefined && ofPrototypes.has(step))) throw malformed();
  return path;
}

function decoded(text: string): string {
  return unescape(text.replaceAll('+', ' '));
}

function malformed(): Fault {
  return new Fault('invalid_request', { detail: 'The parameters are malformed, too deep or too many.' });
}
