import { AuditLog, type Client } from '@b24/access';
import { asFault, type Clock } from '@b24/portal';
import { Body, Controller, Get, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { openDoor, Through } from '../../http/door';
import { clockToken } from '../../http/injection-tokens';
import { sourceOf } from '../../http/source-address';
import { Throttle } from '../../http/throttle';
import { ConsoleAuth } from './console-auth';
import { callbackDoor, signInDoor } from './console-doors';
import { idOfPerson } from './people';
import { PersonSignIn } from './person-sign-in';
import type { StoredPerson } from './person-claims';

const beginSchema = z.strictObject({ to: z.string().max(2000).optional() });

/** The sign-in of people through the identity provider. */
@ApiExcludeController()
@Controller('console/sign-in')
export class SignInController {
  constructor(
    private readonly people: PersonSignIn,
    private readonly sessions: ConsoleAuth,
    private readonly throttle: Throttle,
    private readonly audit: AuditLog,
    @Inject(clockToken) private readonly clock: Clock,
  ) {}

  /** How one can sign in. */
  @Get()
  @Through(openDoor)
  ways(): { provider?: string } {
    return this.people.name === undefined ? {} : { provider: this.people.name };
  }

  /** Begins a sign-in, and returns the provider's page. */
  @Post()
  @Through(signInDoor)
  @HttpCode(200)
  async begin(
    @Body({ schema: beginSchema }) { to }: z.infer<typeof beginSchema>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<{ url: string }> {
    this.throttle.page(request);
    this.throttle.authorization();
    const { url, setCookie } = await this.people.begin(request, to);
    // The callback comes from another site, without the cookie of an earlier session.
    await this.sessions.signOut(request, reply);
    void reply.header('Set-Cookie', setCookie);
    return { url };
  }

  /** Where the provider sends the browser back. Every outcome is a page of the console. */
  @Get('callback')
  @Through(callbackDoor)
  async finish(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    try {
      const attempt = this.throttle.page(request);
      const { person, path } = await this.people.finish(request);
      const client = await this.recording(request, person, () => this.sessions.enter(request, reply, person));
      attempt.proven();
      this.record(request, client, 'done');
      void reply.header('Set-Cookie', this.people.clearedCookie()).redirect(path, 303);
    } catch (error) {
      const fault = asFault(error);
      request.scope.faultCode = fault.code;
      request.log.warn({ code: fault.code, cause: reasonOf(fault.cause) }, 'a sign-in through the provider failed');
      void reply.redirect(`/console?problem=${fault.code}`, 303);
    }
  }

  private async recording<T>(request: FastifyRequest, person: StoredPerson, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.record(request, { id: idOfPerson(person), name: person.name }, asFault(error).code);
      throw error;
    }
  }

  private record(
    request: FastifyRequest,
    { id: actor, name, person }: Pick<Client, 'id' | 'name' | 'person'>,
    outcome: Parameters<AuditLog['record']>[0]['outcome'],
  ): void {
    const ids = { console: true, ...(person && { role: person.role, sub: person.sub }) };
    const entry = { actor, name, action: 'signIn', status: outcome === 'done' ? 200 : 403, outcome, ids } as const;
    this.audit.record({ ...entry, requestId: request.id, source: sourceOf(request), atMs: this.clock.now() });
  }
}

/** Codes and sentences of the library, without values from outside. */
function reasonOf(cause: unknown): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  const { code } = cause as { code?: unknown };
  return typeof code === 'string' ? `${cause.name} ${code}` : cause.name;
}
