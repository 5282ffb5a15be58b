import { z } from 'zod';
import { problemOf, problemSchema } from '../../http/problem';
import { isReadMethod } from '../../line/any-method';
import type { CommandOutcome } from './batches';
import { callAnswer, answerShape } from './calls.controller';

export const batchItemSchema = z
  .union([
    z.object({ ok: z.literal(true).describe('The command succeeded.'), ...answerShape }),
    z.object({ ok: z.literal(false).describe('The command failed.'), problem: problemSchema }),
  ])
  .meta({ id: 'BatchItem', examples: [{ ok: true, result: { ID: '1', TITLE: 'A deal' } }] });

/** Returns the outcome of one command as the API shows it. */
export function batchItem(outcome: CommandOutcome, method: string, requestId: string): z.infer<typeof batchItemSchema> {
  if (outcome.ok) return { ok: true, ...callAnswer(outcome) };
  return { ok: false, problem: problemOf(outcome.fault, requestId, isReadMethod(method) ? 'read' : 'write') };
}
