import { isDeepStrictEqual } from 'node:util';
import { Stop } from '../launch/say.mjs';

/*
 * Corrections are decided by hand, each with its reason. `effect` decides what a method does, before its page is read; `set`
 * replaces facts of its record (null removes one); `remove` removes the record; `add` adds one.
 */

/** Returns the decided effects by name in lower case. @throws Stop for a correction without a reason */
export function decidedEffects(corrections) {
  const silent = corrections.find(({ reason }) => !reason);
  if (silent) throw new Stop(`The correction of ${silent.method} has no reason.`);
  const decided = corrections.filter(({ effect }) => effect !== undefined);
  return new Map(decided.map(({ method, effect }) => [method.toLowerCase(), effect]));
}

/** @throws Stop for a decided effect that its method has without it */
export function checkEffects(methods, effects) {
  for (const [name, effect] of effects) {
    const method = methods.get(name);
    if (!method) throw new Stop(`The effect of ${name} concerns no method.`);
    if (method.namedEffect === effect && !method.doubt)
      throw new Stop(`The effect of ${name} changes nothing: remove it.`);
  }
}

/** Applies corrections to records by name. @throws Stop for a correction that changes nothing */
export function correct(records, corrections) {
  for (const { method, set, remove, add } of corrections) {
    const name = nameIn(records, method);
    if (add) addTo(records, method, name, add);
    else if (name === undefined) throw new Stop(`The correction of ${method} concerns no method.`);
    else if (remove) records.delete(name);
    else if (set) records.set(name, corrected(method, records.get(name), set));
  }
}

function nameIn(records, method) {
  const lower = method.toLowerCase();
  return [...records.keys()].find((it) => it.toLowerCase() === lower);
}

function addTo(records, method, name, record) {
  if (name !== undefined) throw new Stop(`The correction that adds ${method} is not needed: a page describes it.`);
  records.set(method, record);
}

function corrected(method, record, set) {
  const facts = Object.entries({ ...record, ...set }).filter(([, value]) => value !== null);
  const changed = Object.fromEntries(facts);
  if (isDeepStrictEqual(changed, record)) throw new Stop(`The correction of ${method} changes nothing: remove it.`);
  return changed;
}
