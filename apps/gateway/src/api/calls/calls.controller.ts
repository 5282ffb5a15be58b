import { type PortalId, type Result, unlessAborted } from '@b24/portal';
import { Body, Controller, Param, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { FromCaller, type GatewayRequest } from '../../http/caller';
import { lineHeaders, tellTrip } from '../../http/line-headers';
import { Operation } from '../../http/operation';
import { lineFaults } from '../../http/problem-responses';
import type { InDoubt } from '../../http/once.interceptor';
import { portalName } from '../../http/shapes';
import { noting } from '../../http/trail';
import { textOf } from '../../http/unread';
import { PortalDirectory } from '../portals/portal-directory';
import type { CallerContext } from '../../request-line';
import { AnyCalls } from './any-calls';
import { methodName, methodParams, onlyReads, startSchema } from './any-method';

const callSchema = z
  .strictObject({ params: methodParams.default({}), start: startSchema.optional() })
  .prefault({})
  .meta({ id: 'Call', examples: [{ params: { filter: { '>ID': 100 }, select: ['ID', 'TITLE'] } }] });

export const answerShape = {
  result: z.unknown().meta({ description: 'What the method returned.' }),
  total: z.int().optional().meta({ description: 'Of a list: how many there are in all.' }),
  next: z.int().optional().meta({ description: 'Of a list: the `start` of the next page.' }),
  time: z.record(z.string(), z.unknown()).optional().meta({ description: 'How long it ran, as the portal says it.' }),
};
export const callAnswerSchema = z
  .object(answerShape)
  .meta({ id: 'CallAnswer', examples: [{ result: [{ ID: '101', TITLE: 'A deal' }], total: 1 }] });
export type CallAnswer = z.infer<typeof callAnswerSchema>;

/** Of a write of which nothing is known but its name. */
export const unknownMethodInDoubt = {
  kind: 'unknown',
  writesTo: 'portal',
  advice:
    'An earlier attempt with this Idempotency-Key may have been carried out; look on the portal before you write again with a new one.',
} as const satisfies InDoubt;

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
    summary: 'Run any method of the portal',
    description:
      'What the method is called and takes is Bitrix24’s to say; `auth` and the like are the gateway’s. A method is taken to write unless its name says that it reads (`…list`, `…get`, `…fields` and so on): what may have been carried out is not sent again, and is told as `outcome_unknown`.',
    scope: 'call',
    status: 200,
    inDoubt: unknownMethodInDoubt,
    onlyReads: ({ params }) => onlyReads(textOf(params, 'method') ?? ''),
    says: 'What the method returned.',
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
    @Body({ schema: callSchema }) { params, start }: z.infer<typeof callSchema>,
    @FromCaller() caller: CallerContext,
    @Req() { trail }: GatewayRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CallAnswer> {
    const found = await this.find(portal, caller);
    const result = await noting(trail, method, () => this.calls.call(caller, found, { method, params, start }));
    tellTrip(reply, result);
    return callAnswer(result);
  }

  private find(name: string, { signal }: CallerContext): Promise<PortalId> {
    return unlessAborted(this.portals.find(name), signal);
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
