import { isAdministrator, type Client } from '@b24/access';
import { type Job, JobRecords, Jobs } from '@b24/jobs';
import { Fault } from '@b24/portal';
import { Body, Controller, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { batchPartSchema } from '../calls/batch-work';
import { fanOutLineSchema } from '../calls/fan-out-line';
import { FromCaller } from '../../http/caller';
import type { AuditContext } from '../../http/request-scope';
import { limitQuery, nextCursor, numberCursor, OptionalQuery, PageQueries, pageSchema } from '../../http/list-page';
import { Operation } from '../../http/operation';
import { headerReferences } from '../../http/problem-responses';
import { sourceOf } from '../../http/source-address';
import { FromAuditContext } from '../../http/audit-context';
import type { CallerContext } from '../../request-line';
import { jobSchema, type JobView, jobView } from '../respond-async/job-view';
import { itemOf, jobItemsSchema } from './job-items';
import { JobRetry } from './job-retry';

const jobId = z
  .string()
  .regex(/^[\w-]{1,64}$/, 'Must be the id of a job.')
  .describe('The id of the job.');
const outcomeSchema = z.enum(['all', 'failed']).default('all');
const retryItemsSchema = z
  .strictObject({
    items: z.enum(['failed', 'unknown']).default('failed').meta({
      description:
        '`failed`: what failed and was certainly not executed, and reads. `unknown`: writes that may have been executed; this may execute them twice.',
    }),
  })
  .prefault({})
  .meta({ id: 'RetryItems', examples: [{ items: 'failed' }] });
const jobRetrySchema = jobSchema
  .and(
    z.object({
      retry: z
        .object({
          items: z.int().describe('The number of portals or commands that are retried.'),
          leftOut: z.int().describe('The number of failed ones that are left out.'),
        })
        .describe('What is retried.'),
    }),
  )
  .meta({ id: 'JobRetry' });
const jobPageSchema = pageSchema(jobSchema, 'The jobs, newest first.').meta({ id: 'JobPage' });

/** Lines hold results, which may be large. */
const linesReadAtOnce = 20;

@ApiTags('jobs')
@Controller('v1/jobs')
export class JobsController {
  constructor(
    private readonly jobs: Jobs<Client>,
    private readonly records: JobRecords,
    private readonly retries: JobRetry,
  ) {}

  @Get()
  @Operation({
    id: 'listJobs',
    summary: 'List the jobs of the key, newest first; with the scope admin, of all keys',
    scope: 'call',
    status: 200,
    says: 'A page of jobs. It may be short before the last one.',
    answer: jobPageSchema,
  })
  @PageQueries('Jobs')
  async list(
    @Query('limit', { schema: limitQuery }) limit: number,
    @Query('cursor', { schema: numberCursor.default(0) }) after: number,
    @FromCaller() { client }: CallerContext,
  ): Promise<z.infer<typeof jobPageSchema>> {
    const own = seesAllJobs(client) ? {} : { client: client.id };
    const { jobs, next } = await this.records.list({ ...own, after, limit });
    return { items: jobs.map(jobView), ...nextCursor(next) };
  }

  @Get(':id')
  @Operation({
    id: 'getJob',
    summary: 'Get a job: its state and progress',
    scope: 'call',
    status: 200,
    says: 'The job.',
    answer: jobSchema,
    headers: {
      'Retry-After': {
        description: 'Seconds to wait before the next request; absent once the job is finished.',
        schema: { type: 'integer' },
      },
    },
    faults: ['job_not_found'],
  })
  async get(
    @Param('id', { schema: jobId }) id: string,
    @FromCaller() { client }: CallerContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JobView> {
    const job = await this.own(client, id);
    if (job.finishedAtMs === undefined) void reply.header('Retry-After', '1');
    return jobView(job);
  }

  @Get(':id/results')
  @Operation({
    id: 'getJobResults',
    summary: 'Read the outcomes of the items of a job',
    description:
      'The outcomes so far, in the order of the request, also of a cancelled or failed job. They are stored for 24 hours after the end of the job.',
    scope: 'call',
    status: 200,
    says: 'JSON lines: for a fan-out, one for each portal; for a batch, one for each part of up to 50 commands.',
    lines: [fanOutLineSchema, batchPartSchema],
    faults: ['job_not_found', 'result_too_large'],
  })
  async results(
    @Param('id', { schema: jobId }) id: string,
    @FromCaller() { client }: CallerContext,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const job = await this.own(client, id);
    const lines = this.lines(job);
    await reply.type('application/x-ndjson').send(Readable.from(lines, { objectMode: false }));
  }

  @Get(':id/items')
  @Operation({
    id: 'listJobItems',
    summary: 'List what came of the items of a job, without their results',
    description: 'Which portals or commands failed, and why.',
    scope: 'call',
    status: 200,
    says: 'A page of items. It may be short while the job runs.',
    answer: jobItemsSchema,
    faults: ['job_not_found'],
  })
  @OptionalQuery('outcome', '`failed`: only items that failed. `all` by default.', {
    type: 'string',
    enum: [...outcomeSchema.unwrap().options],
  })
  @PageQueries('Items')
  async items(
    @Param('id', { schema: jobId }) id: string,
    @Query('outcome', { schema: outcomeSchema }) outcome: z.infer<typeof outcomeSchema>,
    @Query('limit', { schema: limitQuery }) limit: number,
    @Query('cursor', { schema: numberCursor.default(0) }) from: number,
    @FromCaller() { client }: CallerContext,
  ): Promise<z.infer<typeof jobItemsSchema>> {
    const job = await this.own(client, id);
    const known =
      outcome === 'failed' ? await this.records.failures(id) : range(from, Math.min(from + limit + 1, job.total));
    const indexes = known.filter((index) => index >= from);
    const shown = indexes.slice(0, limit);
    const items = [];
    for (let at = 0; at < shown.length; at += linesReadAtOnce) {
      const some = shown.slice(at, at + linesReadAtOnce);
      const lines = await this.records.linesAt(id, some);
      items.push(...lines.flatMap((line, i) => (line === undefined ? [] : [itemOf(some[i] ?? 0, line)])));
    }
    return { items, ...nextCursor(indexes[limit]) };
  }

  @Post(':id/retry')
  @Operation({
    id: 'retryJob',
    summary: 'Retry the items of a finished job that failed',
    description:
      'Creates a job of the same client, with the current rights of its key. A write that may have been executed is left out unless `items` says `unknown`. Each selection of a job is retried once: a repeated request gets the same job, and what fails again is retried from there.',
    scope: 'call',
    status: 202,
    onRetry: { kind: 'repeated' },
    says: 'The new job.',
    answer: jobRetrySchema,
    headers: headerReferences('Location'),
    faults: [
      'job_not_found',
      'job_not_retryable',
      'too_many_jobs',
      'storage_budget_spent',
      'shutting_down',
      'body_too_large',
      'unsupported_media_type',
    ],
  })
  async retry(
    @Param('id', { schema: jobId }) id: string,
    @Body({ schema: retryItemsSchema }) { items }: z.infer<typeof retryItemsSchema>,
    @FromCaller() { client }: CallerContext,
    @FromAuditContext() audit: AuditContext,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.infer<typeof jobRetrySchema>> {
    const job = await this.own(client, id);
    const from = { requestId: request.id, source: sourceOf(request) };
    const { job: made, ...retry } = await this.retries.start(job, { items, ...from });
    audit.ids['retried'] = retry.items;
    audit.ids['unknown'] = items === 'unknown';
    void reply.header('Location', `/v1/jobs/${made.id}`);
    return { ...jobView(made), retry };
  }

  @Post(':id/cancel')
  @Operation({
    id: 'cancelJob',
    summary: 'Cancel a job',
    description:
      'No further call starts; calls in flight finish. What the job did is not undone. A finished job does not change.',
    scope: 'call',
    status: 200,
    onRetry: { kind: 'repeated' },
    says: 'The job: `cancelled`, or `running` while it has calls in flight.',
    answer: jobSchema,
    faults: ['job_not_found', 'body_too_large', 'unsupported_media_type'],
  })
  async cancel(
    @Param('id', { schema: jobId }) id: string,
    @FromCaller() { client }: CallerContext,
    @FromAuditContext() audit: AuditContext,
  ): Promise<JobView> {
    const { finishedAtMs } = await this.own(client, id);
    if (finishedAtMs !== undefined) audit.ids['unchanged'] = true;
    return jobView(await this.jobs.cancel(id));
  }

  private async *lines({ id, total }: Job): AsyncGenerator<string> {
    for await (const line of this.records.results(id, total)) yield `${line}\n`;
  }

  /** Returns a job of this client. Another client's job answers `job_not_found`, like one that does not exist. */
  private async own(client: Client, id: string): Promise<Job> {
    const job = await this.jobs.find(id);
    if (job.client !== client.id && !seesAllJobs(client)) throw new Fault('job_not_found');
    return job;
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}

/** A role says what a person may do with jobs, whichever key started them. */
function seesAllJobs(client: Client): boolean {
  return client.person !== undefined || isAdministrator(client);
}
