import { parse } from 'jsonc-parser';
import { codeBlocksOf } from './page-text.mjs';

const lenient = { allowTrailingComma: true, disallowComments: false, allowEmptyContent: true };

/** Returns the objects that the fenced blocks of a text hold, as far as they can be read. */
export function jsonObjectsIn(text) {
  const blocks = codeBlocksOf(text).filter(({ text: code }) => /^\s*\{/.test(code));
  return blocks.map(({ text: code }) => readObject(code)).filter((it) => it !== undefined);
}

/** Returns the parameters that the examples of a page send with curl to a method. */
export function sentParameters(text, name) {
  const blocks = codeBlocksOf(text).filter(({ text: code }) => code.includes('curl '));
  const calls = blocks.filter(({ text: code }) => methodIn(code) === name.toLowerCase());
  return calls.map(({ text: code }) => readObject(bodyIn(code) ?? '')).filter((it) => it !== undefined);
}

function methodIn(code) {
  return /\/([\w.]+?)(?:\.json)?["'\s]*$/.exec(code)?.[1]?.toLowerCase();
}

function bodyIn(code) {
  const lines = code.split('\n').map((it) => it.trim());
  return lines.map((line) => /^(?:-d|--data(?:-raw)?) '(.*)'(?: *\\)?$/.exec(line)?.[1]).find((it) => it);
}

function readObject(text) {
  const value = parse(text, [], lenient);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}
