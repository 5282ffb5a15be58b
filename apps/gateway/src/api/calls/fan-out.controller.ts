import { checkAccess } from '@b24/access';
import { type Clock, mapUnordered, writeJson } from '@b24/portal';
import { Body, Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { anyCommand, methodName, methodParams, isReadMethod } from '../../line/any-method';
import { deadlineMsOf, FromCaller, hangUpSignal } from '../../http/caller';
import { payloadDoor } from '../../http/api-door';
import { Operation } from '../../http/operation';
import { prefersAsync } from '../../http/prefers-async';
import { portalName, tagSchema } from '../../http/shapes';
import { sourceOf } from '../../http/source-address';
import { fieldOf, textOf } from '../../http/unvalidated-fields';
import { replyAccepted, callbackUrlSchema, JobIntake, assertNeedsNoJob } from '../respond-async/job-intake';
import { CanRespondAsync } from '../respond-async/can-respond-async';
import type { CallerContext } from '../../request-line';
import type { Settings } from '../../settings';
import { clockToken, settingsToken } from '../../http/injection-tokens';
import { FanOut, type FanOutCall, type FanOutTarget } from './fan-out';
import { fanOutLineSchema, fanOutSummarySchema, FanOutTally } from './fan-out-line';
import { type FanOutJobPayload, fanOutTitle, storedTargets } from './fan-out-work';

const maxPortalNames = 1000;

export const fanOutSchema = z
  .strictObject({
    portals: z
      .union([z.literal('all'), z.strictObject({ tag: tagSchema }), z.array(portalName).min(1).max(maxPortalNames)])
      .meta({
        description:
          'Names of portals, `all` portals that the key may use, or those of them with a tag. Each is called once.',
      }),
    call: z
      .strictObject({ method: methodName, params: methodParams.default({}) })
      .describe('The method to call, and its parameters.'),
    callbackUrl: callbackUrlSchema.optional(),
  })
  .meta({
    id: 'FanOut',
    examples: [{ portals: { tag: 'retail' }, call: { method: 'crm.deal.list', params: { select: ['ID'] } } }],
  });

@ApiTags('fan-out')
@Controller('v1/fan-out')
export class FanOutController {
  constructor(
    private readonly fanOut: FanOut,
    private readonly longWork: JobIntake,
    @Inject(clockToken) private readonly clock: Clock,
    @Inject(settingsToken) private readonly settings: Settings,
  ) {}

  @Post()
  @Operation({
    id: 'fanOut',
    summary: 'Call one method on many portals',
    description:
      'Answers at once with a stream: a line for each portal as its answer arrives, with a result or a problem, and a summary at the end. A portal that is down, slow or unknown delays no other. `X-Deadline-Ms` applies to each portal. Closing the connection stops calls that have not been sent. A write is sent once to each portal and never retried when its outcome is unknown.',
    scope: 'call',
    door: payloadDoor,
    status: 200,
    onlyReads: ({ body }) => isReadMethod(textOf(fieldOf(body, 'call'), 'method') ?? ''),
    says: 'JSON lines: a FanOutLine for each portal, then a FanOutSummary.',
    lines: [fanOutLineSchema, fanOutSummarySchema],
    faults: [
      'deadline_exceeded',
      'body_too_large',
      'unsupported_media_type',
      'idempotency_conflict',
      'target_not_allowed',
      'too_many_jobs',
      'storage_budget_spent',
      'shutting_down',
    ],
  })
  @CanRespondAsync()
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'With `respond-async`: a retry with the same key gets the same job.',
    schema: { type: 'string', minLength: 1, maxLength: 512 },
  })
  async stream(
    @Body({ schema: fanOutSchema }) { portals, call, callbackUrl }: z.infer<typeof fanOutSchema>,
    @FromCaller() { client }: CallerContext,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    checkAccess(client, { scope: 'call', method: call.method });
    const command = anyCommand(call.method, call.params);
    const isAsync = prefersAsync(request);
    if (!isAsync) assertNeedsNoJob(request, callbackUrl);
    const targets = await this.fanOut.targets(client, portals);
    if (request.scope.audit) request.scope.audit.ids['targets'] = targets.filter(({ portal }) => portal).length;
    const given = { deadlineMs: deadlineMsOf(request), requestId: request.id, source: sourceOf(request) };
    if (isAsync) {
      const payload: FanOutJobPayload = { ...call, ...given, targets: storedTargets(targets) };
      const title = fanOutTitle(payload);
      const order = { kind: 'fan-out', title, total: targets.length, payload, callbackUrl };
      await reply.send(replyAccepted(reply, await this.longWork.accept(request, client, order)));
      return;
    }
    const round = { client, command, calls: request.scope.calls, ...given, signal: hangUpSignal(reply) };
    await reply.type('application/x-ndjson').send(Readable.from(this.lines(targets, round), { objectMode: false }));
  }

  private async *lines(targets: readonly FanOutTarget[], round: FanOutCall): AsyncGenerator<string> {
    const beganAtMs = this.clock.now();
    const tally = new FanOutTally();
    const ask = (target: FanOutTarget) => this.fanOut.callOne(target, round);
    for await (const answered of mapUnordered(targets, this.settings.fanOutConcurrency, ask)) {
      tally.count(answered);
      yield `${writeJson(answered.line)}\n`;
    }
    yield `${JSON.stringify(tally.summary(this.clock.now() - beganAtMs))}\n`;
  }
}
