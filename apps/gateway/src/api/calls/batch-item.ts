import { z } from 'zod';
import { problemOf, problemSchema } from '../../http/problem';
import { onlyReads } from './any-method';
import type { Outcome } from './batches';
import { answerOf, answerShape } from './calls.controller';

export const batchItemSchema = z
  .union([
    z.object({ ok: z.literal(true), ...answerShape }),
    z.object({ ok: z.literal(false), problem: problemSchema }),
  ])
  .meta({ id: 'BatchItem', examples: [{ ok: true, result: { ID: '1', TITLE: 'A deal' } }] });

/** What became of one command. */
export function itemOf(outcome: Outcome, method: string, requestId: string): z.infer<typeof batchItemSchema> {
  if (outcome.ok) return { ok: true, ...answerOf(outcome) };
  return { ok: false, problem: problemOf(outcome.fault, requestId, onlyReads(method) ? 'read' : 'write') };
}
