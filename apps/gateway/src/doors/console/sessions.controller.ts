import type { Client } from '@b24/access';
import { Fault } from '@b24/portal';
import { Controller, Delete, Get, Param, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { FromAuditContext } from '../../http/audit-context';
import { isoTime } from '../../http/iso-time';
import { OptionalQuery } from '../../http/list-page';
import { Operation } from '../../http/operation';
import type { AuditContext } from '../../http/request-scope';
import { ConsoleAuth } from './console-auth';
import type { ListedSession } from './session-index';

const sessionSchema = z
  .object({
    id: z.string().describe('The id of the session in this list.'),
    client: z.string().describe('The id of the person or of the client whose key began it; `admin` for the admin key.'),
    name: z.string().describe('Their name.'),
    isPerson: z.boolean().describe('Whether a person signed in through the identity provider.'),
    isCurrent: z.boolean().describe('Whether this request uses it.'),
    source: z.string().describe('The IP address from which it began; of IPv6, the /64 network.'),
    beganAt: z.iso.datetime().describe('When it began.'),
    endsAt: z.iso.datetime().describe('When it ends if it is not used.'),
  })
  .meta({
    id: 'ConsoleSession',
    examples: [
      {
        id: '5f2b8c1d9e0a7b645f2b8c1d9e0a7b64',
        client: 'p_9f2c4d1e0a7b65839f2c4d1e0a7b6583',
        name: 'Ada Lovelace (ada@example.com)',
        isPerson: true,
        isCurrent: true,
        source: '203.0.113.7',
        beganAt: '2026-11-01T09:00:00.000Z',
        endsAt: '2026-11-01T10:00:00.000Z',
      },
    ],
  });
const sessionsSchema = z
  .object({ items: z.array(sessionSchema).describe('The sessions, newest first.') })
  .meta({ id: 'ConsoleSessions' });
const endedSchema = z
  .object({ ended: z.int().describe('The number of sessions that ended.') })
  .meta({ id: 'EndedSessions', examples: [{ ended: 2 }] });
const sessionId = z
  .string()
  .regex(/^[0-9a-f]{32}$/, 'Must be the id of a session.')
  .describe('The id of the session.');
const ownerSchema = z.string().regex(/^[a-z0-9_]{1,64}$/, 'Must be the id of a person or client, or all.');

/** The sessions of the console: everyone sees and ends their own, administrators all. */
@ApiTags('sessions')
@Controller('v1/sessions')
export class SessionsController {
  constructor(private readonly console: ConsoleAuth) {}

  @Get()
  @Operation({
    id: 'listSessions',
    summary: 'List the sessions of the console',
    description: 'Administrators see all sessions, other people their own.',
    scope: 'admin',
    status: 200,
    says: 'The sessions.',
    answer: sessionsSchema,
  })
  async list(@Req() request: FastifyRequest): Promise<z.infer<typeof sessionsSchema>> {
    const current = this.console.currentRef(request);
    const all = await this.console.sessions.list(reachOf(request));
    return { items: all.map((session) => viewOf(session, current)) };
  }

  @Delete(':id')
  @Operation({
    id: 'endSession',
    summary: 'End a session of the console on all replicas',
    scope: 'admin',
    status: 204,
    onRetry: { kind: 'gone', code: 'session_not_found' },
    says: 'The session has ended.',
    faults: ['session_not_found', 'body_too_large', 'unsupported_media_type'],
  })
  async end(
    @Param('id', { schema: sessionId }) id: string,
    @Req() request: FastifyRequest,
    @FromAuditContext() audit: AuditContext,
  ): Promise<void> {
    audit.ids['session'] = id;
    if (!(await this.console.sessions.endListed(id, reachOf(request)))) throw new Fault('session_not_found');
  }

  @Delete()
  @Operation({
    id: 'endSessions',
    summary: 'End all sessions of a person or client: sign out everywhere',
    description: 'Without `client`, your own. Administrators may name another one, or `all`.',
    scope: 'admin',
    status: 200,
    onRetry: { kind: 'repeated' },
    says: 'The number of sessions that ended.',
    answer: endedSchema,
    faults: ['body_too_large', 'unsupported_media_type'],
  })
  @OptionalQuery('client', 'The id of a person or client, `admin` for the admin key, or `all`.')
  async endAll(
    @Query('client', { schema: ownerSchema.optional() }) owner: string | undefined,
    @Req() request: FastifyRequest,
    @FromAuditContext() audit: AuditContext,
  ): Promise<z.infer<typeof endedSchema>> {
    const own = clientOf(request).id;
    const whose = owner ?? own;
    if (whose !== own && reachOf(request) !== undefined)
      throw new Fault('not_allowed', { detail: 'Only administrators end the sessions of others.' });
    const ended = await this.console.sessions.endAll(whose === 'all' ? undefined : whose);
    Object.assign(audit.ids, { owner: whose, ended });
    return { ended };
  }
}

/** Returns whose sessions the caller reaches; undefined for those of all. */
function reachOf(request: FastifyRequest): string | undefined {
  const { id, person } = clientOf(request);
  return person && person.role !== 'admin' ? id : undefined;
}

function clientOf({ scope: { client } }: FastifyRequest): Client {
  if (!client) throw new Fault('key_missing');
  return client;
}

function viewOf(session: ListedSession, current: string | undefined): z.infer<typeof sessionSchema> {
  const { ref, client, name, person, source, beganAtMs, endsAtMs } = session;
  return {
    ...{ id: ref, client, name, source },
    isPerson: person !== undefined,
    isCurrent: ref === current,
    beganAt: isoTime(beganAtMs),
    endsAt: isoTime(endsAtMs),
  };
}
