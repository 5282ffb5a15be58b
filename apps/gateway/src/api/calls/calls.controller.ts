import { Fault, type Result } from '@b24/portal';
import { Body, Controller, Param, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { FromCaller } from '../../http/caller';
import { lineHeaders, setLineHeaders } from '../../http/line-headers';
import { filesDoor } from '../../http/api-door';
import { Operation } from '../../http/operation';
import { lineFaults } from '../../http/problem-responses';
import type { RetryBehaviour } from '../../http/idempotent-write';
import { portalName } from '../../http/shapes';
import { recordingMethods } from '../../http/audit-context';
import { textOf } from '../../http/unvalidated-fields';
import { findPortal } from '../../line/find-portal';
import { PortalDirectory } from '../../line/portal-directory';
import type { CallerContext } from '../../request-line';
import { AnyCalls } from './any-calls';
import { unknownParameters } from './unknown-parameters';
import { methodName, methodParams, isReadMethod, startSchema } from '../../line/any-method';

const validateSchema = z.enum(['strict']).meta({
  description:
    '`strict` refuses parameters that the documentation of the method does not have, before anything is sent. Without it they are sent, and named in `warnings`.',
});
const callSchema = z
  .strictObject({
    params: methodParams.default({}),
    start: startSchema.optional(),
    validate: validateSchema.optional(),
  })
  .prefault({})
  .meta({ id: 'Call', examples: [{ params: { filter: { '>ID': 100 }, select: ['ID', 'TITLE'] } }] });

export const answerShape = {
  result: z.unknown().meta({ description: 'The result of the method.' }),
  total: z.int().optional().meta({ description: 'For a list: the number of records in total.' }),
  next: z.int().optional().meta({ description: 'For a list: the `start` of the next page.' }),
  time: z.record(z.string(), z.unknown()).optional().meta({ description: 'Timing, as the portal reports it.' }),
};

const warningSchema = z.object({
  path: z.string().describe('The parameter, for example `params.feilds`.'),
  message: z.string().describe('What is doubtful about it.'),
});
const callAnswerSchema = z
  .object({
    ...answerShape,
    warnings: z
      .array(warningSchema)
      .optional()
      .meta({ description: 'Parameters that the documentation of the method does not have. They were sent.' }),
  })
  .meta({ id: 'CallAnswer', examples: [{ result: [{ ID: '101', TITLE: 'A deal' }], total: 1 }] });
export type CallAnswer = z.infer<typeof callAnswerSchema>;

/** For writes that the gateway knows only by name. */
export const unknownMethodRetry = {
  kind: 'unknown',
  writesTo: 'portal',
  advice:
    'An earlier attempt with this Idempotency-Key may have been executed; check the portal before you write again with a new key.',
} as const satisfies RetryBehaviour;

@ApiTags('calls')
@Controller('v1/portals/:portal')
export class CallsController {
  constructor(
    private readonly calls: AnyCalls,
    private readonly portals: PortalDirectory,
  ) {}

  @Post('call/:method')
  @Operation({
    id: 'callMethod',
    summary: 'Call any method of a portal',
    description:
      'Bitrix24 documents the names and parameters of methods; the gateway sets `auth` and other reserved parameters. A method counts as a write unless the catalog of documented methods says that it reads, or, for other methods, its name ends like a read (`…list`, `…get`, `…fields` and so on). A multipart form is accepted too: its fields are the parameters, and a file becomes `[name, content in base64]`. Links to files in the answer lead to this gateway. A write that may have been executed is not retried; it answers `outcome_unknown`.',
    scope: 'call',
    door: filesDoor,
    status: 200,
    onRetry: unknownMethodRetry,
    onlyReads: ({ params }) => isReadMethod(textOf(params, 'method') ?? ''),
    says: 'The result of the method.',
    answer: callAnswerSchema,
    headers: lineHeaders,
    faults: [
      ...lineFaults,
      'backlog_not_found',
      'backlog_already_exists',
      'backlog_not_empty',
      'group_not_found',
      'user_not_found',
      'body_too_large',
      'unsupported_media_type',
    ],
  })
  async call(
    @Param('portal', { schema: portalName }) portal: string,
    @Param('method', { schema: methodName }) method: string,
    @Body({ schema: callSchema }) { params, start, validate }: z.infer<typeof callSchema>,
    @FromCaller() caller: CallerContext,
    @Req() { scope: { audit } }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CallAnswer> {
    const warnings = unknownParameters(method, params);
    if (validate === 'strict' && warnings.length > 0) throw new Fault('invalid_request', { errors: warnings });
    const found = await findPortal(this.portals, portal, caller.signal);
    const run = () => this.calls.call(caller, found, { method, params, start });
    const result = await recordingMethods(audit, [method], run, () => ['done']);
    setLineHeaders(reply, result);
    return { ...callAnswer(result), ...(warnings.length > 0 && { warnings }) };
  }
}

export function callAnswer({ value, total, next, time }: Result): CallAnswer {
  return {
    result: value,
    ...(total !== undefined && { total }),
    ...(next !== undefined && { next }),
    ...(time && { time: { ...time } }),
  };
}
