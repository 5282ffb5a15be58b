import type { Job } from '@b24/jobs';
import { Fault } from '@b24/portal';
import { z } from 'zod';
import { isoTime } from '../../http/iso-time';
import { problemOf, problemSchema } from '../../http/problem';

const jobStates = ['queued', 'running', 'done', 'failed', 'cancelled'] as const;

const jobExample = {
  id: 'j_0f1e2d3c4b5a69788796a5b4c3d2e1f0',
  kind: 'fan-out',
  title: 'Call crm.deal.list on 500 portals',
  client: { id: 'c_5f2b8c1d9e0a7b64', name: 'planning' },
  state: 'running',
  progress: { total: 500, done: 120, failed: 1, byCode: { portal_unreachable: 1 } },
  requestId: 'b1f0c9d2-6c1e-4a57-9f0e-2f9f4d1c8a10',
  createdAt: '2026-11-01T09:00:00.000Z',
  startedAt: '2026-11-01T09:00:00.050Z',
};

export const jobSchema = z
  .object({
    id: z.string().describe('The id of the job.'),
    kind: z.enum(['fan-out', 'batch']).describe('The kind of request that created the job.'),
    title: z.string().describe('What the job does, in words for people.'),
    client: z
      .object({
        id: z.string().describe('The id of the client.'),
        name: z.string().optional().describe('Its name when it created the job.'),
      })
      .describe('The client whose key created the job. The job runs with the rights of that key.'),
    retryOf: z.string().optional().describe('The id of the job whose items it retries.'),
    state: z.enum(jobStates).meta({
      description:
        '`queued`: no replica runs it at the moment. `done`: every item has its outcome, good or bad. `failed`: it could not continue; `problem` says why.',
    }),
    progress: z
      .object({
        total: z.int().describe('The number of items.'),
        done: z.int().meta({ description: 'The number of items that have an outcome.' }),
        failed: z.int().meta({ description: 'The number of these that are problems.' }),
        byCode: z
          .record(z.string(), z.int())
          .optional()
          .describe('The number of problems by code; a part of a batch counts by its first one.'),
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
  const { client, clientName, title, retryOf, failedByCode } = job;
  const byCode = failed > 0 && { byCode: { ...failedByCode } };
  return {
    ...{ id, kind: kind as JobView['kind'], title: title ?? titleOf(kind), state },
    client: { id: client, ...(clientName !== undefined && { name: clientName }) },
    ...(requestId !== undefined && { requestId }),
    ...(retryOf !== undefined && { retryOf }),
    progress: { total, done, failed, ...byCode },
    createdAt: isoTime(createdAtMs),
    ...(startedAtMs !== undefined && { startedAt: isoTime(startedAtMs) }),
    ...(finishedAtMs !== undefined && { finishedAt: isoTime(finishedAtMs) }),
    ...(problem && { problem: problemOf(new Fault(problem.code, { detail: problem.detail }), id, 'write') }),
    ...(callback && { callback }),
  };
}

/** The title of a job of an earlier version. */
function titleOf(kind: string): string {
  return kind === 'batch' ? 'Batch on one portal' : 'Call on many portals';
}
