import type { Job } from '@b24/jobs';
import { Fault } from '@b24/portal';
import { z } from 'zod';
import { isoTime } from '../../http/iso-time';
import { problemOf, problemSchema } from '../../http/problem';

const jobStates = ['queued', 'running', 'done', 'failed', 'cancelled'] as const;

export const jobSchema = z
  .object({
    id: z.string(),
    kind: z.enum(['fan-out', 'batch']),
    state: z.enum(jobStates).meta({
      description:
        'queued: no replica runs it just now. done: every item has its outcome, good or bad. failed: it could not go on; `problem` says why.',
    }),
    progress: z.object({
      total: z.int(),
      done: z.int().meta({ description: 'Items that have their outcome.' }),
      failed: z.int().meta({ description: 'How many of these are problems.' }),
    }),
    createdAt: z.iso.datetime(),
    startedAt: z.iso.datetime().optional(),
    finishedAt: z.iso.datetime().optional(),
    problem: problemSchema.optional(),
    callback: z
      .enum(['due', 'delivered', 'given_up'])
      .optional()
      .meta({ description: 'What became of the message to `callbackUrl`.' }),
  })
  .meta({ id: 'Job' });
export type JobView = z.infer<typeof jobSchema>;

export const jobExample: JobView = {
  id: 'j_0f1e2d3c4b5a69788796a5b4c3d2e1f0',
  kind: 'fan-out',
  state: 'running',
  progress: { total: 500, done: 120, failed: 1 },
  createdAt: '2026-11-01T09:00:00.000Z',
  startedAt: '2026-11-01T09:00:00.050Z',
};

export const acceptedJobSchema = jobSchema
  .extend({
    callbackSecret: z.string().optional().meta({
      description:
        'Signs the message to `callbackUrl`, as Standard Webhooks has it. It is shown here only, and again to a retry with the same Idempotency-Key.',
    }),
  })
  .meta({ id: 'AcceptedJob' });

/** What its key may see of a job. */
export function jobView(job: Job): JobView {
  const { id, kind, state, total, done, failed, createdAtMs, startedAtMs, finishedAtMs, problem, callback } = job;
  return {
    ...{ id, kind: kind as JobView['kind'], state, progress: { total, done, failed }, createdAt: isoTime(createdAtMs) },
    ...(startedAtMs !== undefined && { startedAt: isoTime(startedAtMs) }),
    ...(finishedAtMs !== undefined && { finishedAt: isoTime(finishedAtMs) }),
    ...(problem && { problem: problemOf(new Fault(problem.code, { detail: problem.detail }), id, 'write') }),
    ...(callback && { callback }),
  };
}
