import { PassThrough } from 'node:stream';
import { type Client, ClientKeys } from '@b24/access';
import { type CallFilter, CallReader, CallTail, maxCallWatchers } from '@b24/call-log';
import { type Clock, Fault, faultCodes } from '@b24/portal';
import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { FromCaller } from '../../http/caller';
import type { SessionAuth } from '../../http/door';
import { clockToken, sessionAuthToken, settingsToken } from '../../http/injection-tokens';
import { timeQuery } from '../../http/iso-time';
import { foreignCursor, limitQuery, nextCursor, OptionalQuery, PageQueries } from '../../http/list-page';
import { Operation } from '../../http/operation';
import { onResponseClosed } from '../../http/pipelined';
import { portalName } from '../../http/shapes';
import { findUsablePortal } from '../../line/find-portal';
import { PortalDirectory } from '../../line/portal-directory';
import type { CallerContext } from '../../request-line';
import type { Settings } from '../../settings';
import { callPageSchema, loggedCallSchema, viewOfCall } from './logged-call-view';

const cursorSchema = z.string().regex(/^\d{1,15}\.(?:~|[0-9a-f]{12}-\d{1,4})$/, foreignCursor);
const clientSchema = z.string().regex(/^[a-z0-9_-]{1,64}$/, 'Must be the id of a client, or admin.');
const methodSchema = z.string().regex(/^[A-Za-z0-9._]{1,100}$/, 'Must be the name of a method.');
const codeSchema = z.enum(['ok', ...faultCodes]);
const requestIdSchema = z.string().regex(/^[\w.:-]{1,128}$/, 'Must be a request id.');
const flagSchema = z.enum(['true', 'false'], 'Must be true or false.').transform((text) => text === 'true');
const maxTailSeconds = 3600;
const secondsSchema = z
  .string()
  .regex(/^\d{1,4}$/, 'Must be a whole number.')
  .transform(Number)
  .refine((seconds) => seconds >= 1 && seconds <= maxTailSeconds, `Must be from 1 to ${maxTailSeconds}.`)
  .default(60);

/** A reader with more unread bytes than this misses calls; nothing is buffered for it. */
const maxUnreadBytes = 1024 * 1024;
/** How often it is checked whether the reader may still read. The empty line keeps proxies from closing the connection. */
const checkIntervalMs = 5000;

/** The filters of both operations, as the caller names them. */
interface FilterQuery {
  readonly client?: string | undefined;
  readonly portal?: string | undefined;
  readonly method?: string | undefined;
  readonly code?: CallFilter['outcome'];
  readonly failed?: boolean | undefined;
  readonly requestId?: string | undefined;
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

@ApiTags('call-log')
@Controller('v1/calls')
export class CallLogController {
  constructor(
    private readonly reader: CallReader,
    private readonly tail: CallTail,
    private readonly portals: PortalDirectory,
    private readonly keys: ClientKeys,
    @Inject(clockToken) private readonly clock: Clock,
    @Inject(sessionAuthToken) private readonly sessions: Pick<SessionAuth, 'peekSession'>,
    @Inject(settingsToken) private readonly settings: Pick<Settings, 'callLogBytes'>,
  ) {}

  @Get()
  @Operation({
    id: 'listCalls',
    summary: 'Read the call log, newest first',
    description:
      'Calls of all clients to the portals that the key may use, for a day or until `CALL_LOG_MIB` is used up. Calls are written within about a second. A page may hold fewer calls than `limit`, or none, and still have a `nextCursor`.',
    scope: 'calls:read',
    status: 200,
    says: 'A page of the call log.',
    answer: callPageSchema,
    faults: ['portal_not_found', 'too_many_requests'],
  })
  @OptionalQuery('client', 'The id of a client, or `admin`.')
  @OptionalQuery('portal', 'The member id, alias or domain of a portal.')
  @OptionalQuery('method', 'A method of Bitrix24, such as `crm.deal.list`.')
  @OptionalQuery('code', '`ok`, or a problem code.')
  @OptionalQuery('failed', 'With `true`, only calls that failed.', { type: 'boolean' })
  @OptionalQuery('requestId', 'The `X-Request-Id` of a request.')
  @OptionalQuery('since', 'Calls that ended at or after this time.')
  @OptionalQuery('until', 'Calls that ended before this time.')
  @PageQueries('calls')
  async list(
    @Query('client', { schema: clientSchema.optional() }) client: string | undefined,
    @Query('portal', { schema: portalName.optional() }) portal: string | undefined,
    @Query('method', { schema: methodSchema.optional() }) method: string | undefined,
    @Query('code', { schema: codeSchema.optional() }) code: CallFilter['outcome'],
    @Query('failed', { schema: flagSchema.optional() }) failed: boolean | undefined,
    @Query('requestId', { schema: requestIdSchema.optional() }) requestId: string | undefined,
    @Query('since', { schema: timeQuery.optional() }) since: number | undefined,
    @Query('until', { schema: timeQuery.optional() }) until: number | undefined,
    @Query('limit', { schema: limitQuery }) limit: number,
    @Query('cursor', { schema: cursorSchema.optional() }) before: string | undefined,
    @FromCaller() { client: reader }: CallerContext,
  ): Promise<z.infer<typeof callPageSchema>> {
    const filter = await this.filterOf(reader, { client, portal, method, code, failed, requestId, since, until });
    const { items, next } = await this.reader.page(filter, { limit, ...(before !== undefined && { before }) });
    return { items: items.map(viewOfCall), ...nextCursor(next), recorded: this.settings.callLogBytes > 0 };
  }

  @Get('tail')
  @Operation({
    id: 'tailCalls',
    summary: 'Follow the call log',
    description:
      'Returns each call when it is written, one a line (`application/x-ndjson`), with empty lines in between, until `seconds` have passed or the replica stops. Open it once more to go on.',
    scope: 'calls:read',
    status: 200,
    says: 'JSON lines: the calls that end from now on.',
    lines: [loggedCallSchema],
    faults: ['portal_not_found', 'too_many_requests'],
  })
  @OptionalQuery('client', 'The id of a client, or `admin`.')
  @OptionalQuery('portal', 'The member id, alias or domain of a portal.')
  @OptionalQuery('method', 'A method of Bitrix24, such as `crm.deal.list`.')
  @OptionalQuery('code', '`ok`, or a problem code.')
  @OptionalQuery('failed', 'With `true`, only calls that failed.', { type: 'boolean' })
  @OptionalQuery('seconds', 'How long to follow; 60 by default.', { type: 'integer', minimum: 1, maximum: 3600 })
  async follow(
    @Query('client', { schema: clientSchema.optional() }) client: string | undefined,
    @Query('portal', { schema: portalName.optional() }) portal: string | undefined,
    @Query('method', { schema: methodSchema.optional() }) method: string | undefined,
    @Query('code', { schema: codeSchema.optional() }) code: CallFilter['outcome'],
    @Query('failed', { schema: flagSchema.optional() }) failed: boolean | undefined,
    @Query('seconds', { schema: secondsSchema }) seconds: number,
    @FromCaller() { client: reader }: CallerContext,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const filter = await this.filterOf(reader, { client, portal, method, code, failed });
    const stream = new PassThrough();
    const leave = this.tail.watch({
      filter,
      show: (calls) => {
        if (stream.writableLength > maxUnreadBytes) return;
        stream.write(calls.map((call) => `${JSON.stringify(viewOfCall(call))}\n`).join(''));
      },
      end: () => stream.end(),
    });
    if (!leave)
      throw new Fault('too_many_requests', {
        detail: `${maxCallWatchers} readers follow this replica’s call log already.`,
      });
    const stopChecking = this.checkRegularly(seconds, () => this.mayRead(reader, request), stream);
    onResponseClosed(reply.raw, () => {
      leave();
      stopChecking();
      stream.destroy();
    });
    // The head of the answer is sent with its first bytes.
    stream.write('\n');
    void reply.type('application/x-ndjson; charset=utf-8').header('X-Accel-Buffering', 'no').send(stream);
  }

  /** @throws Fault portal_not_found for a portal that the key may not use */
  private async filterOf(reader: Client, { code, portal, since, until, ...query }: FilterQuery): Promise<CallFilter> {
    const found = portal === undefined ? undefined : await findUsablePortal(this.portals, portal, { client: reader });
    return {
      ...(query.client !== undefined && { client: query.client }),
      ...(query.method !== undefined && { method: query.method }),
      ...(query.failed !== undefined && { failed: query.failed }),
      ...(query.requestId !== undefined && { requestId: query.requestId }),
      ...(found && { portal: found }),
      ...(code && { outcome: code }),
      ...(since !== undefined && { sinceMs: since }),
      ...(until !== undefined && { untilMs: until }),
      ...(reader.portals !== 'all' && { among: reader.portals }),
    };
  }

  /** Ends the stream after this many seconds, or when its reader may not read any more. The returned function ends the checks. */
  private checkRegularly(seconds: number, mayRead: () => Promise<boolean>, stream: PassThrough): () => void {
    const { clock } = this;
    const endsAtMs = clock.now() + seconds * 1000;
    let callOff: () => void;
    const wait = () => {
      callOff = clock.after(Math.min(checkIntervalMs, endsAtMs - clock.now()), () => void check());
    };
    const check = async () => {
      if (clock.now() < endsAtMs && (await mayRead())) {
        if (stream.destroyed) return;
        stream.write('\n');
        wait();
      } else stream.end();
    };
    wait();
    return () => {
      callOff();
    };
  }

  /** Returns whether the key or the session is still valid. While Redis does not answer, it counts as valid. */
  private async mayRead(reader: Client, request: FastifyRequest): Promise<boolean> {
    try {
      if (request.headers.authorization) await this.keys.assertStillValid(reader);
      else await this.sessions.peekSession(request);
      return true;
    } catch (error) {
      return error instanceof Fault && error.code === 'store_unavailable';
    }
  }
}
