import { Fault } from '@b24/portal';

export type Params = Record<string, unknown>;

/** PHP itself drops what is beyond. */
const mostVariables = 1000;
const mostLevels = 20;
const ofPrototypes: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * A query or a form as PHP reads it: `filter[>ID]=1`, `select[]=ID`. Every value is a string; keys 0..n are a list.
 * @throws Fault invalid_request for what is too deep, too long or aims at a prototype
 */
export function parsePhpParams(text: string): Params {
  const pairs = text.split('&').filter((pair) => pair !== '');
  if (pairs.length > mostVariables) throw malformed();
  const root: Params = {};
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    const path = pathOf(decoded(equals < 0 ? pair : pair.slice(0, equals)));
    put(root, path, equals < 0 ? '' : decoded(pair.slice(equals + 1)));
  }
  return Object.fromEntries(Object.entries(root).map(([key, value]) => [key, withLists(value)]));
}

/** A JSON body as the vendor reads it: what is no object is none. */
export function parseJsonParams(text: string): Params {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Params) : {};
  } catch {
    return {};
  }
}

/** `a[b][]` → a, b and the next index. */
function pathOf(name: string): string[] {
  const bracket = name.indexOf('[');
  const base = (bracket < 0 ? name : name.slice(0, bracket)).trimStart().replace(/[. ]/g, '_');
  const inner = bracket < 0 ? [] : [...name.slice(bracket).matchAll(/\[([^\]]*)\]/g)].map((match) => match[1] ?? '');
  const path = [base, ...inner];
  if (path.length > mostLevels || path.some((step) => ofPrototypes.has(step))) throw malformed();
  return path;
}

function put(root: Params, path: readonly string[], value: string): void {
  if (path[0] === '') return;
  let node = root;
  path.forEach((step, i) => {
    const key = step === '' ? nextIndex(node) : step;
    if (i === path.length - 1) {
      node[key] = value;
      return;
    }
    const child = node[key];
    node = (typeof child === 'object' ? child : (node[key] = {})) as Params;
  });
}

function nextIndex(node: Params): string {
  const indexes = Object.keys(node).filter((key) => /^\d+$/.test(key));
  return indexes.length === 0 ? '0' : String(Math.max(...indexes.map(Number)) + 1);
}

function withLists(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, withLists(inner)] as const);
  const isList = entries.length > 0 && entries.every(([key], i) => key === String(i));
  return isList ? entries.map(([, inner]) => inner) : Object.fromEntries(entries);
}

function decoded(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}

function malformed(): Fault {
  return new Fault('invalid_request', { detail: 'The parameters are malformed, too deep or too many.' });
}
