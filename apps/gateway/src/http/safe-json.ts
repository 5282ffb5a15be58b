import { Fault } from '@b24/portal';

/** Deeper than any body of this API. */
const maxLevels = 32;
const ofPrototypes: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Checks that a parsed body is not nested too deeply and names no prototype. Walks it without recursion, so that no
 * depth can exhaust the stack. @throws Fault invalid_request
 */
export function assertSafeJson(body: unknown): void {
  let level: unknown[] = [body];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxLevels) throw malformed(`Nested deeper than ${maxLevels} levels.`);
    level = level.flatMap(inner);
  }
}

function inner(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value !== 'object' || value === null) return [];
  const bad = Object.getOwnPropertyNames(value).find((name) => ofPrototypes.has(name));
  if (bad !== undefined) throw malformed(`Must not have a field named ${bad}.`);
  return Object.values(value);
}

function malformed(message: string): Fault {
  return new Fault('invalid_request', { errors: [{ path: '', message }] });
}
