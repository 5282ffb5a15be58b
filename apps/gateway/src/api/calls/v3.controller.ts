import { Body, Controller, Headers, Param, Post, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { payloadDoor } from '../../http/api-door';
import { recordingMethods } from '../../http/audit-context';
import { FromCaller } from '../../http/caller';
import { idempotencyKey } from '../../http/idempotency-key';
import { lineHeaders, setLineHeaders } from '../../http/line-headers';
import { Operation } from '../../http/operation';
import { headerReferences, lineFaults } from '../../http/problem-responses';
import { portalName } from '../../http/shapes';
import { textOf } from '../../http/unvalidated-fields';
import { isReadMethod } from '../../line/any-method';
import { findPortal } from '../../line/find-portal';
import { PortalDirectory } from '../../line/portal-directory';
import { isV3Method, v3Command } from '../../line/v3-call';
import { type CallerContext, RequestLine } from '../../request-line';

const v3Method = z
  .string()
  .max(100)
  .refine(isV3Method, 'Must be the name of a method of version 3, or `batch`.')
  .meta({
    description: 'The full name of a method of version 3 of the API, or `batch`.',
    examples: ['main.eventlog.list'],
  });

const v3Body = z.unknown().meta({
  id: 'V3Body',
  description: 'The body as Bitrix24 documents it; for `batch` a list of commands, of which all run or none.',
  type: ['object', 'array'],
  examples: [{ select: ['id', 'timestampX'], pagination: { limit: 20 } }],
});

const v3AnswerSchema = z
  .record(z.string(), z.unknown())
  .meta({ id: 'V3Answer', description: 'The answer as the portal gave it.', examples: [{ result: { items: [] } }] });

@ApiTags('calls')
@Controller('v1/portals/:portal')
export class V3Controller {
  constructor(
    private readonly line: RequestLine,
    private readonly portals: PortalDirectory,
  ) {}

  @Post('v3/:method')
  @Operation({
    id: 'callVersionThree',
    summary: 'Call a method of version 3 of the API',
    description:
      'Sends the body to `/rest/api/` of the portal and returns its answer. `Idempotency-Key` is passed on: for 24 hours the portal repeats the answer to a successful write with the same key and body. A batch runs all of its commands or none, and shares its request with no other call.',
    scope: 'call',
    door: payloadDoor,
    status: 200,
    onlyReads: ({ params }) => isReadMethod(textOf(params, 'method') ?? ''),
    says: 'The answer of the portal.',
    answer: v3AnswerSchema,
    headers: { ...lineHeaders, ...headerReferences('Idempotent-Replayed') },
    faults: [...lineFaults, 'idempotency_conflict', 'outcome_unknown', 'body_too_large', 'unsupported_media_type'],
  })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'Passed on to the portal.',
    schema: { type: 'string', minLength: 1, maxLength: 512 },
  })
  async call(
    @Param('portal', { schema: portalName }) name: string,
    @Param('method', { schema: v3Method }) method: string,
    @Body({ schema: v3Body }) body: unknown,
    @Headers('idempotency-key') key: string | undefined,
    @FromCaller() caller: CallerContext,
    @Req() { scope: { audit } }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    const command = v3Command({ method, body, idempotencyKey: idempotencyKey(key) });
    const portal = await findPortal(this.portals, name, caller.signal);
    const methods = command.inside?.map((it) => it.method) ?? [method];
    const run = () => this.line.call(caller, 'call', portal, command);
    const result = await recordingMethods(audit, methods, run, () => methods.map(() => 'done'));
    setLineHeaders(reply, result);
    if (result.replayed) void reply.header('Idempotent-Replayed', 'true');
    return { ...result.envelope };
  }
}
