import type { Job } from '@b24/jobs';
import { Fault } from '@b24/portal';
import { z } from 'zod';
import { isoTime } from '../../http/iso-time';
import { problemOf, problemSchema } from '../../http/problem';

const jobStates = ['queued', 'running', 'done', 'failed', 'cancelled'] as const;

const jobExample = {
  id: 'j_0f1e2d3c4b5a69788796a5b4c3d2e1f0',
  kind: 'fan-out',
  state: 'running',
  progress: { total: 500, done: 120, failed: 1 },
  requestId: 'b1f0c9d2-6c1e-4a57-9f0e-2f9f4d1c8a10',
  createdAt: '2026-11-01T09:00:00.000Z',
  startedAt: '2026-11-01T09:00:00.050Z',
};

export const jobSchema = z
  .object({
    id: z.string().describe('The id of the job.'),
    kind: z.enum(['fan-out', 'batch']).describe('The kind of request that created the job.'),
    state: z.enum(jobStates).meta({
      description:
        '`queued`: no replica runs it at the moment. `done`: every item has its outcome, good or bad. `failed`: it could not continue; `problem` says why.',
    }),
    progress: z
      .object({
        total: z.int().describe('The number of items.'),
        done: z.int().meta({ description: 'The number of items that have an outcome.' }),
        failed: z.int().meta({ description: 'The number of these that are problems.' }),
      })
      .describe('How far the job is.'),
    requestId: z.string().optional().meta({
      description: 'The `X-Request-Id` of the request that created the job. Its calls have it in the call log.',
    }),
    createdAt: z.iso.datetime().describe('When the job was created.'),
    startedAt: z.iso.datetime().optional().describe('When the job started.'),
    finishedAt: z.iso.datetime().optional().describe('When the job ended.'),
    problem: problemSchema.optional(),
    callback: z
      .enum(['due', 'delivered', 'given_up'])
      .optional()
      .meta({ description: 'The state of the message to `callbackUrl`.' }),
  })
  .meta({ id: 'Job', examples: [jobExample] });
export type JobView = z.infer<typeof jobSchema>;

export const acceptedJobSchema = jobSchema
  .and(
    z.object({
      callbackSecret: z.string().optional().meta({
        description:
          'The secret that signs the message to `callbackUrl` (Standard Webhooks). Returned only here, and to a retry with the same Idempotency-Key.',
      }),
    }),
  )
  .meta({ id: 'AcceptedJob', examples: [{ ...jobExample, state: 'queued' }] });

/** Returns the view of a job that its key may see. */
export function jobView(job: Job): JobView {
  const { id, kind, requestId, state, total, done, failed, createdAtMs, startedAtMs, finishedAtMs, problem, callback } =
    job;
  return {
    ...{ id, kind: kind as JobView['kind'], state, progress: { total, done, failed }, createdAt: isoTime(createdAtMs) },
    ...(requestId !== undefined && { requestId }),
    ...(startedAtMs !== undefined && { startedAt: isoTime(startedAtMs) }),
    ...(finishedAtMs !== undefined && { finishedAt: isoTime(finishedAtMs) }),
    ...(problem && { problem: problemOf(new Fault(problem.code, { detail: problem.detail }), id, 'write') }),
    ...(callback && { callback }),
  };
}
