import { entriesOf, orderedObject, type Result } from '@b24/portal';
import type { WebhookCall } from './webhook-call';

/** A batch of which no command was sent: the parts of its answer, as PHP writes empty maps. */
export const emptyBatch = { result: [], result_error: [], result_total: [], result_next: [], result_time: [] };

type RefusedCommands = Pick<WebhookCall, 'refused' | 'halts'>;

/**
 * Adds the errors of commands that were not sent to the answer of the batch. A batch that halted before has not reached
 * them.
 */
export function withRefused(result: unknown, { refused, halts }: RefusedCommands): unknown {
  if (refused.length === 0 || typeof result !== 'object' || result === null) return result;
  const errors = (result as Readonly<Record<string, unknown>>)['result_error'];
  const own = typeof errors === 'object' && errors !== null ? entriesOf(errors) : [];
  if (halts && own.length > 0) return result;
  const all = [...own, ...refused.map(({ name, error }) => [name, error] as const)];
  return { ...result, result_error: phpArray(all) };
}

/** The same for an answer of the line. */
export function withRefusedCommands(answer: Result, call: RefusedCommands): Result {
  return call.refused.length === 0 ? answer : { ...answer, value: withRefused(answer.value, call) };
}

/** PHP writes keys 0..n as a list. */
function phpArray(entries: readonly (readonly [string, unknown])[]): unknown {
  return entries.every(([name], i) => name === String(i)) ? entries.map(([, value]) => value) : orderedObject(entries);
}
