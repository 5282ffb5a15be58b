import { asFault, type PortalId, unlessAborted } from '@b24/portal';
import { Body, Controller, Param, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { deadlineMsOf, FromCaller, type GatewayRequest } from '../../http/caller';
import { Operation } from '../../http/operation';
import { lineFaults } from '../../http/problem-responses';
import { prefersAsync } from '../../http/prefers-async';
import { portalName } from '../../http/shapes';
import { sourceOf } from '../../http/source';
import { methodsRun } from '../../http/trail';
import { listOf, textOf } from '../../http/unread';
import type { JobView } from '../jobs/job-view';
import { replyAccepted, callbackUrlSchema, JobIntake, assertNoCallback } from '../jobs/job-intake';
import { CanRespondAsync } from '../jobs/can-respond-async';
import { PortalDirectory } from '../portals/portal-directory';
import type { CallerContext } from '../../request-line';
import { unknownMethodInDoubt } from './calls.controller';
import { methodName, methodParams, onlyReads, startSchema } from './any-method';
import { batchItemSchema, batchItem } from './batch-item';
import { type BatchJobPayload, countBatchParts } from './batch-work';
import { Batches, outcomeCode } from './batches';

/** In one request to the gateway, whatever it takes on the way to the portal. */
const maxCommands = 500;

const batchCommandSchema = z.strictObject({
  method: methodName,
  params: methodParams.default({}),
  start: startSchema.optional(),
  name: z
    .string()
    .regex(/^[A-Za-z_]\w{0,63}$/, 'Must be 1 to 64 letters, digits and underscores, and no digit first.')
    .optional()
    .meta({ description: 'What the others refer to it by; its place, from 0, when none has a name.' }),
});

export const batchSchema = z
  .strictObject({
    commands: z.array(batchCommandSchema).min(1).max(maxCommands),
    halt: z.boolean().default(false).meta({ description: 'Send nothing after the first that was refused.' }),
    references: z.boolean().default(false).meta({
      description:
        'Let `$result[name]` in a value stand for what an earlier command returned, as the vendor has it. At most 50 commands then, in one request to the portal, and every value arrives as text. Otherwise it is text like any other.',
    }),
    callbackUrl: callbackUrlSchema.optional(),
  })
  .meta({
    id: 'Batch',
    examples: [{ commands: [{ method: 'crm.deal.get', params: { id: 1 } }, { method: 'user.current' }] }],
  });

export const batchAnswerSchema = z
  .object({ results: z.array(batchItemSchema).meta({ description: 'In the order of the commands.' }) })
  .meta({ id: 'BatchAnswer', examples: [{ results: [{ ok: true, result: { ID: '1', TITLE: 'A deal' } }] }] });

@ApiTags('calls')
@Controller('v1/portals/:portal')
export class BatchesController {
  constructor(
    private readonly batches: Batches,
    private readonly portals: PortalDirectory,
    private readonly longWork: JobIntake,
  ) {}

  @Post('batch')
  @Operation({
    id: 'runBatch',
    summary: 'Run up to 500 commands',
    description:
      'Each command has an answer or a problem of its own. Commands that only read travel with whatever else waits for the portal; once one of them may write, all are run in their order, up to 50 in a request. What may have been run is never sent again; after a request whose outcome is unknown nothing more is sent, and the rest is told `command_not_run`. It fails as a whole only when nothing of it was run.',
    scope: 'call',
    status: 200,
    inDoubt: { ...unknownMethodInDoubt, orJob: true },
    onlyReads: ({ body }) => readsOnly(body),
    says: 'What became of each command.',
    answer: batchAnswerSchema,
    faults: [
      ...lineFaults,
      'body_too_large',
      'unsupported_media_type',
      'target_not_allowed',
      'too_many_jobs',
      'storage_budget_spent',
    ],
  })
  @CanRespondAsync('batch')
  async run(
    @Param('portal', { schema: portalName }) name: string,
    @Body({ schema: batchSchema }) { callbackUrl, ...batch }: z.infer<typeof batchSchema>,
    @FromCaller() caller: CallerContext,
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.infer<typeof batchAnswerSchema> | JobView> {
    const isAsync = prefersAsync(request);
    if (!isAsync) assertNoCallback(callbackUrl);
    const portal: PortalId = await unlessAborted(this.portals.find(name), caller.signal);
    const { commands, ...options } = batch;
    if (isAsync) {
      this.batches.check(caller, portal, commands, options);
      const payload: BatchJobPayload = {
        portal,
        ...batch,
        deadlineMs: deadlineMsOf(request),
        requestId: request.id,
        source: sourceOf(request),
      };
      const order = { kind: 'batch', total: countBatchParts(batch), payload, callbackUrl };
      return replyAccepted(reply, await this.longWork.accept(request, caller.client, order));
    }
    const methods = commands.map(({ method }) => method);
    const noteRun = (codes: readonly string[]) => Object.assign(request.trail?.ids ?? {}, methodsRun(methods, codes));
    const { outcomes } = await this.batches.run(caller, portal, commands, options).catch((error: unknown) => {
      noteRun(methods.map(() => asFault(error).code));
      throw error;
    });
    noteRun(outcomes.map(outcomeCode));
    return { results: outcomes.map((outcome, i) => batchItem(outcome, commands[i]?.method ?? '', request.id)) };
  }
}

function readsOnly(body: unknown): boolean {
  const isRead = (command: unknown) => {
    const method = textOf(command, 'method');
    return method !== undefined && onlyReads(method);
  };
  return listOf(body, 'commands')?.every(isRead) === true;
}
