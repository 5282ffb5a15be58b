import { effectOf } from './effect.mjs';
import { errorsOf } from './errors.mjs';
import { callersOf, deprecationOf, isMethodPage, isVersion3, nameOf, scopesOf } from './headline.mjs';
import { sentParameters } from './json-examples.mjs';
import { pagingOf } from './paging.mjs';
import { readPage } from './page-text.mjs';
import { parametersOf } from './parameters.mjs';
import { resultOf, typeOfValue } from './result.mjs';
import { sectionsOf } from './sections.mjs';

/** Methods that no batch carries, whatever their answer: `batch` itself. */
const neverBatched = /^batch$/i;

/** Returns the facts of the method that a page describes, and what the page lacks; undefined if it describes none. */
export function readMethod(folder, path, effects = new Map()) {
  const text = readPage(folder, path);
  if (!isMethodPage(text, path) || isVersion3(text)) return undefined;
  const name = nameOf(text, path);
  const sections = sectionsOf(text);
  const sent = sentParameters(text, name);
  const parameters = withSent(parametersOf(sections), sent);
  const result = resultOf(sections);
  const { effect: namedEffect, doubt } = effectOf(name, text);
  const effect = effects.get(name.toLowerCase()) ?? namedEffect;
  const method = {
    name,
    page: path.replace(/\.md$/, ''),
    scopes: scopesOf(text) ?? [],
    effect,
    namedEffect,
    doubt,
    ...callersOf(text),
    deprecated: deprecationOf(text, name),
    isBatchable: !neverBatched.test(name) && result?.type !== 'file',
    parameters,
    result,
    paging: pagingOf({ effect, parameters, result, sent, text }),
    errors: errorsOf(sections),
  };
  return { ...method, missing: missingIn(method) };
}

/** Adds the parameters that only the examples of a page have, with the types that they have there. */
function withSent(parameters, sent) {
  if (!parameters) return undefined;
  const known = new Set([...parameters.keys()].map((it) => it.toLowerCase()));
  const all = new Map(parameters);
  for (const [name, value] of sent.flatMap((it) => Object.entries(it))) {
    if (!known.has(name.toLowerCase()) && /^[a-z]\w*$/i.test(name) && name !== 'auth')
      all.set(name, { type: typeOfValue(value) });
  }
  return all;
}

/** Returns what a page does not give: the parameters, the type of one of them, or the result. */
function missingIn({ parameters, result }) {
  const untyped = [...(parameters ?? [])].filter(([, { type }]) => type === '').map(([name]) => `type of ${name}`);
  return [...(parameters ? untyped : ['parameters']), ...(result ? [] : ['result'])];
}
