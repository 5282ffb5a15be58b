import { PassThrough } from 'node:stream';
import { AuditLog, type Client, canUsePortal, type PersonRole } from '@b24/access';
import { type Clock, Fault, isPortalId, type PortalId } from '@b24/portal';
import { Body, Controller, Delete, Get, HttpCode, Inject, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { onResponseClosed } from '../../http/pipelined';
import { operationsOf } from '../../http/role-rules';
import { Through } from '../../http/door';
import { portalName } from '../../http/shapes';
import { sourceOf } from '../../http/source-address';
import { findUsablePortal } from '../../line/find-portal';
import { PortalDirectory } from '../../line/portal-directory';
import { clockToken, settingsToken } from '../../http/injection-tokens';
import type { Settings } from '../../settings';
import { ConsoleAuth } from './console-auth';
import { sessionDoor, signInDoor, watchDoor } from './console-doors';
import { Live } from './live';
import { PersonSignIn } from './person-sign-in';

const signInSchema = z.strictObject({
  key: z.string().regex(/^[\x21-\x7e]{1,512}$/, 'Must be a key of this gateway.'),
});
const maxWatchedPortals = 100;
const portalsSchema = z
  .string()
  .transform((text) => text.split(',').filter(Boolean))
  .refine(
    (ids) => ids.length <= maxWatchedPortals && ids.every(isPortalId),
    `Must be at most ${maxWatchedPortals} member ids.`,
  )
  .transform((ids) => ids as PortalId[]);
/** A watcher with more unread bytes than this skips seconds; nothing is buffered for it. */
const maxUnreadBytes = 256 * 1024;

/** The client of the console's session. */
interface ConsoleUser {
  readonly id: string;
  readonly name: string;
  readonly portals: Client['portals'];
  /** Whether the console has a sandbox. */
  readonly sandbox?: true;
  /** The role of a person; absent for a key, which may do everything. */
  readonly role?: PersonRole;
  /** The operations that the page may offer. */
  readonly may: 'all' | readonly string[];
}

/** The console's session and live figures, which are not part of the API. */
@ApiExcludeController()
@Controller('console')
export class ConsoleController {
  constructor(
    private readonly door: ConsoleAuth,
    private readonly liveOf: Live,
    private readonly portals: PortalDirectory,
    private readonly audit: AuditLog,
    private readonly people: PersonSignIn,
    @Inject(clockToken) private readonly clock: Clock,
    @Inject(settingsToken) private readonly settings: Settings,
  ) {}

  @Post('session')
  @Through(signInDoor)
  @HttpCode(200)
  async signIn(
    @Body({ schema: signInSchema }) { key }: z.infer<typeof signInSchema>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ConsoleUser> {
    const client = await this.door.signIn(request, reply, key);
    this.record(request, client, 'signIn');
    return this.signedIn(client);
  }

  @Get('session')
  @Through(sessionDoor)
  session(@Req() request: FastifyRequest): ConsoleUser {
    return this.signedIn(known(request));
  }

  @Delete('session')
  @Through(signInDoor)
  @HttpCode(200)
  async signOut(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<{ providerUrl?: string }> {
    // The session ends even if it can't be read any more.
    const client = await this.door.peekSession(request).catch(() => undefined);
    await this.door.signOut(request, reply);
    if (client) this.record(request, client, 'signOut');
    const providerUrl = client?.person && (await this.people.logoutUrl());
    return providerUrl === undefined ? {} : { providerUrl };
  }

  /** Server-sent events, one a second, until the session or the replica ends. */
  @Get('live')
  @Through(watchDoor)
  async live(
    @Query('portals', { schema: portalsSchema.optional() }) wanted: PortalId[] | undefined,
    @Query('portal', { schema: portalName.optional() }) name: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const client = known(request);
    const closely = name === undefined ? undefined : await findUsablePortal(this.portals, name, { client });
    const stream = new PassThrough();
    void reply
      .type('text/event-stream')
      .header('Cache-Control', 'no-store')
      // A buffering proxy would show nothing for minutes.
      .header('X-Accel-Buffering', 'no')
      .send(stream);
    const leave = this.liveOf.watch({
      seesAll: client.portals === 'all',
      portals: (wanted ?? []).filter((portal) => canUsePortal(client, portal)),
      ...(closely && { closely }),
      mayStay: () => this.mayStay(request),
      show: (snapshot) => {
        if (stream.writableLength < maxUnreadBytes) stream.write(`data: ${JSON.stringify(snapshot)}\n\n`);
      },
      end: () => stream.end(),
    });
    onResponseClosed(reply.raw, () => {
      leave();
      stream.destroy();
    });
  }

  private signedIn({ id, name, portals, person }: Client): ConsoleUser {
    const isLimited = person !== undefined && person.role !== 'admin';
    return {
      ...{ id, name, portals, ...(person && { role: person.role }) },
      may: isLimited ? operationsOf(person.role) : 'all',
      ...(this.settings.sandboxUrl !== undefined && !isLimited && { sandbox: true }),
    };
  }

  private record(request: FastifyRequest, { id: actor, name }: Client, action: 'signIn' | 'signOut'): void {
    const entry = { actor, name, action, status: 200, outcome: 'done', requestId: request.id } as const;
    this.audit.record({ ...entry, source: sourceOf(request), atMs: this.clock.now() });
  }

  /** Returns whether the session is still valid. While Redis does not answer, it counts as valid. */
  private async mayStay(request: FastifyRequest): Promise<boolean> {
    try {
      await this.door.peekSession(request);
      return true;
    } catch (error) {
      return error instanceof Fault && error.code === 'store_unavailable';
    }
  }
}

/** @throws Fault key_missing for a request through a door without a key */
function known({ scope: { client } }: FastifyRequest): Client {
  if (!client) throw new Fault('key_missing');
  return client;
}
