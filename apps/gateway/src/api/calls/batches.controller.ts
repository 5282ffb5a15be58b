import { type PortalId } from '@b24/portal';
import { Body, Controller, Param, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { deadlineMsOf, FromCaller } from '../../http/caller';
import { payloadDoor } from '../../http/api-door';
import { Operation } from '../../http/operation';
import { lineFaults } from '../../http/problem-responses';
import { prefersAsync } from '../../http/prefers-async';
import { portalName } from '../../http/shapes';
import { sourceOf } from '../../http/source-address';
import { recordingMethods } from '../../http/audit-context';
import { listOf, textOf } from '../../http/unvalidated-fields';
import type { JobView } from '../respond-async/job-view';
import { replyAccepted, callbackUrlSchema, JobIntake, assertNoCallback } from '../respond-async/job-intake';
import { CanRespondAsync } from '../respond-async/can-respond-async';
import { findPortal } from '../../line/find-portal';
import { PortalDirectory } from '../../line/portal-directory';
import type { CallerContext } from '../../request-line';
import { unknownMethodRetry } from './calls.controller';
import { methodName, methodParams, isReadMethod, startSchema } from '../../line/any-method';
import { batchItemSchema, batchItem } from './batch-item';
import { type BatchJobPayload, batchTitle, countBatchParts } from './batch-work';
import { Batches, outcomeCode } from './batches';

/** Limit of commands in one request to the gateway. */
const maxCommands = 500;

const batchCommandSchema = z.strictObject({
  method: methodName,
  params: methodParams.default({}),
  start: startSchema.optional(),
  name: z
    .string()
    .regex(/^[A-Za-z_]\w{0,63}$/, 'Must be 1 to 64 letters, digits and underscores, and no digit first.')
    .optional()
    .meta({
      description: 'The name by which later commands refer to this one; its index, from 0, when no command has a name.',
    }),
});

export const batchSchema = z
  .strictObject({
    commands: z.array(batchCommandSchema).min(1).max(maxCommands).describe('The commands, in order.'),
    halt: z.boolean().default(false).meta({ description: 'Stop after the first command that fails.' }),
    references: z.boolean().default(false).meta({
      description:
        'Let `$result[name]` in a value stand for the result of an earlier command, as Bitrix24 defines it. The batch is then limited to 50 commands in one request, and every value arrives as text. When `false`, such a value is plain text.',
    }),
    callbackUrl: callbackUrlSchema.optional(),
  })
  .meta({
    id: 'Batch',
    examples: [{ commands: [{ method: 'crm.deal.get', params: { id: 1 } }, { method: 'user.current' }] }],
  });

export const batchAnswerSchema = z
  .object({ results: z.array(batchItemSchema).meta({ description: 'The outcomes, in the order of the commands.' }) })
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
      'Each command has its own answer or problem. Commands that only read may share a request with other calls; if any may write, all run in order, up to 50 per request. A command that may have been executed is never retried: after a request with an unknown outcome the rest answers `command_not_run`. The batch fails as a whole only if no command ran.',
    scope: 'call',
    door: payloadDoor,
    status: 200,
    onRetry: { ...unknownMethodRetry, orJob: true },
    onlyReads: ({ body }) => readsOnly(body),
    says: 'The outcome of each command.',
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
  @CanRespondAsync()
  async run(
    @Param('portal', { schema: portalName }) name: string,
    @Body({ schema: batchSchema }) { callbackUrl, ...batch }: z.infer<typeof batchSchema>,
    @FromCaller() caller: CallerContext,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.infer<typeof batchAnswerSchema> | JobView> {
    const isAsync = prefersAsync(request);
    if (!isAsync) assertNoCallback(callbackUrl);
    const portal: PortalId = await findPortal(this.portals, name, caller.signal);
    const { commands, ...options } = batch;
    if (isAsync) {
      this.batches.check(caller, portal, commands, options);
      const payload: BatchJobPayload = {
        portal,
        portalName: name,
        ...batch,
        deadlineMs: deadlineMsOf(request),
        requestId: request.id,
        source: sourceOf(request),
      };
      const title = batchTitle(batch, name);
      const order = { kind: 'batch', title, total: countBatchParts(batch), payload, callbackUrl };
      return replyAccepted(reply, await this.longWork.accept(request, caller.client, order));
    }
    const methods = commands.map(({ method }) => method);
    const run = () => this.batches.run(caller, portal, commands, options);
    const { outcomes } = await recordingMethods(request.scope.audit, methods, run, (result) =>
      result.outcomes.map(outcomeCode),
    );
    return { results: outcomes.map((outcome, i) => batchItem(outcome, commands[i]?.method ?? '', request.id)) };
  }
}

function readsOnly(body: unknown): boolean {
  const isRead = (command: unknown) => {
    const method = textOf(command, 'method');
    return method !== undefined && isReadMethod(method);
  };
  return listOf(body, 'commands')?.every(isRead) === true;
}
