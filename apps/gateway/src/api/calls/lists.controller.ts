import { type Answer, asFault, type Clock, type Command, Fault, within, writeJson } from '@b24/portal';
import { ClientKeys, type RateMeter, RedisRateMeter } from '@b24/access';
import { Body, Controller, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { FromCaller, hangUpSignal } from '../../http/caller';
import { payloadDoor } from '../../http/api-door';
import { Operation } from '../../http/operation';
import { lineFaults } from '../../http/problem-responses';
import { problemOf } from '../../http/problem';
import { portalName } from '../../http/shapes';
import { findPortal } from '../../line/find-portal';
import { PortalDirectory } from '../../line/portal-directory';
import { type CallerContext, RequestLine } from '../../request-line';
import { clockToken } from '../../http/injection-tokens';
import { methodName, methodParams, isReadMethod, namedParams } from '../../line/any-method';
import { listBrokenOffSchema, listEndSchema, listRecordSchema } from './list-stream-schemas';
import { readPages } from './lists';

const listMethod = methodName.refine(isReadMethod, 'Must be a method that reads, for example `crm.deal.list`.');
const listSchema = z
  .strictObject({ params: methodParams.default({}) })
  .prefault({})
  .meta({ id: 'List', examples: [{ params: { filter: { STAGE_ID: 'NEW' }, select: ['ID', 'TITLE'] } }] });

@ApiTags('calls')
@Controller('v1/portals/:portal')
export class ListsController {
  constructor(
    private readonly line: RequestLine,
    private readonly portals: PortalDirectory,
    @Inject(clockToken) private readonly clock: Clock,
    @Inject(RedisRateMeter) private readonly meter: RateMeter,
    @Inject(ClientKeys) private readonly keys: Pick<ClientKeys, 'assertStillValid'>,
  ) {}

  @Post('list/:method')
  @Operation({
    id: 'streamList',
    summary: 'Stream all records of a list',
    description:
      'Reads every page and returns one record per line (`application/x-ndjson`), as fast as you read. The last line is `{"end":{"records":…}}`, or `{"problem":…}` if the list failed; without either, the stream was cut off. Lists that are documented to filter and order by id, such as those of CRM and tasks, are read by id unless `order` is given, others by offset. A list that cannot be read exactly ends with `list_not_walkable` or `list_changed`, never as if it were complete. `X-Deadline-Ms` applies to each page.',
    scope: 'call',
    door: payloadDoor,
    status: 200,
    onlyReads: () => true,
    says: 'JSON lines: the records, then how the list ended.',
    lines: [listRecordSchema, listEndSchema, listBrokenOffSchema],
    faults: [
      ...lineFaults,
      'group_not_found',
      'user_not_found',
      'backlog_not_found',
      'list_changed',
      'list_not_walkable',
      'body_too_large',
      'unsupported_media_type',
    ],
  })
  async stream(
    @Param('portal', { schema: portalName }) name: string,
    @Param('method', { schema: listMethod }) method: string,
    @Body({ schema: listSchema }) { params }: z.infer<typeof listSchema>,
    @FromCaller() caller: CallerContext,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const portal = await findPortal(this.portals, name, caller.signal);
    const send = this.eachInTime(caller, reply, (asking, command) => this.line.answer(asking, 'call', portal, command));
    const pages = readPages({ method, params: namedParams(params) }, send);
    // A failure before the first record is an ordinary problem.
    const first = await pages.next();
    const lines = linesOf(first, pages, request.id);
    void reply
      .header('Content-Type', 'application/x-ndjson; charset=utf-8')
      .send(Readable.from(lines, { highWaterMark: 1 }));
  }

  /** Gives each call of a stream a deadline of its own. All end when the caller hangs up. */
  private eachInTime(
    { deadlineAtMs, ...caller }: CallerContext,
    reply: FastifyReply,
    send: (asking: Omit<CallerContext, 'deadlineAtMs'>, command: Command) => Promise<Answer>,
  ): (command: Command) => Promise<Answer> {
    const { clock } = this;
    const { client } = caller;
    const deadlineMs = Math.max(1, deadlineAtMs - clock.now());
    const hungUp = hangUpSignal(reply);
    const inTime = { clock, ms: deadlineMs, late: () => new Fault('deadline_exceeded') };
    return async (command) => {
      // Waiting for the key's rate does not count towards the deadline of the call.
      await this.meter.waitUntilPaid(client, hungUp);
      await this.keys.assertStillValid(client);
      return within(inTime, hungUp, (signal) => send({ ...caller, signal }, command));
    };
  }
}

/** Yields a chunk for each page. The reader requests the next one. */
async function* linesOf(
  first: IteratorResult<readonly unknown[]>,
  pages: AsyncGenerator<readonly unknown[]>,
  requestId: string,
): AsyncGenerator<string> {
  let records = 0;
  try {
    for (let page = first; !page.done; page = await pages.next()) {
      records += page.value.length;
      yield page.value.map((record) => `${writeJson(record)}\n`).join('');
    }
    yield `${JSON.stringify({ end: { records } })}\n`;
  } catch (error) {
    yield `${JSON.stringify({ problem: problemOf(asFault(error), requestId, 'read') })}\n`;
  }
}
