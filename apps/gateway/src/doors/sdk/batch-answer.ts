import { entriesOf, orderedObject, type Result } from '@b24/portal';
import type { RefusedCommand } from './webhook-call';

/** A batch of which no command was sent: the parts of its answer, as PHP writes empty maps. */
export const emptyBatch = { result: [], result_error: [], result_total: [], result_next: [], result_time: [] };

/** Adds the errors of commands that were not sent to the answer of the batch. */
export function withRefused(result: unknown, refused: readonly RefusedCommand[]): unknown {
  if (refused.length === 0 || typeof result !== 'object' || result === null) return result;
  const errors = (result as Readonly<Record<string, unknown>>)['result_error'];
  const own = typeof errors === 'object' && errors !== null ? entriesOf(errors) : [];
  const all = [...own, ...refused.map(({ name, error }) => [name, error] as const)];
  return { ...result, result_error: phpArray(all) };
}

/** The same for an answer of the line. */
export function withRefusedCommands(answer: Result, refused: readonly RefusedCommand[]): Result {
  return refused.length === 0 ? answer : { ...answer, value: withRefused(answer.value, refused) };
}

/** PHP writes keys 0..n as a list. */
function phpArray(entries: readonly (readonly [string, unknown])[]): unknown {
  return entries.every(([name], i) => name === String(i)) ? entries.map(([, value]) => value) : orderedObject(entries);
}
