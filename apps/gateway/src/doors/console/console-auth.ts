import type { Client } from '@b24/access';
import { Fault } from '@b24/portal';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { SessionAuth } from '../../http/door';
import { sourceOf } from '../../http/source-address';
import type { Throttle } from '../../http/throttle';
import { cookieOf, isFromConsole, setCookie } from './console-cookie';
import type { ConsoleSessions } from './console-sessions';
import type { StoredPerson } from './person-claims';
import { refOfSession } from './session-index';

/** Authenticates browsers by a cookie instead of a key. Only the console's own pages may use it. */
export class ConsoleAuth implements SessionAuth {
  constructor(
    readonly sessions: ConsoleSessions,
    private readonly throttle: Throttle,
    private readonly publicUrl: string,
  ) {}

  /** @throws Fault key_missing also for a cookie that another site's page sent, session_ended, key_expired */
  authenticate(request: FastifyRequest): Promise<Client> {
    return this.sessions.use(this.sessionOf(request));
  }

  /** Like `authenticate`, but does not prolong the session. */
  peekSession(request: FastifyRequest): Promise<Client> {
    return this.sessions.peek(this.sessionOf(request));
  }

  /**
   * Authenticates a form of our own page, which can't send the header of the console. The caller has checked who posted it.
   * @throws Fault session_ended also for a browser without a session
   */
  authenticateForm(request: FastifyRequest): Promise<Client> {
    const id = cookieOf(request, this.publicUrl);
    if (!id) return Promise.reject(new Fault('session_ended'));
    return this.sessions.use(id);
  }

  /** Signs in. An earlier session of the browser ends; the new session has a random id. */
  async signIn(request: FastifyRequest, reply: FastifyReply, key: string): Promise<Client> {
    const begun = await this.sessions.begin(key, sourceOf(request));
    if (!begun) {
      this.throttle.wrongKey(request);
      throw new Fault('key_invalid');
    }
    await this.endOld(request);
    setCookie(reply, this.publicUrl, begun.id);
    return begun.client;
  }

  /** Signs a person in whom the provider has identified. @throws Fault not_allowed for a person without a role */
  async enter(request: FastifyRequest, reply: FastifyReply, person: StoredPerson): Promise<Client> {
    const begun = await this.sessions.beginForPerson(person, sourceOf(request));
    await this.endOld(request);
    setCookie(reply, this.publicUrl, begun.id);
    return begun.client;
  }

  /** Returns the name of the session that a request uses; undefined for one with a key. */
  currentRef(request: FastifyRequest): string | undefined {
    const id = request.headers.authorization ? undefined : cookieOf(request, this.publicUrl);
    return id === undefined ? undefined : refOfSession(id);
  }

  async signOut(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    await this.endOld(request);
    setCookie(reply, this.publicUrl, undefined);
  }

  private async endOld(request: FastifyRequest): Promise<void> {
    const old = cookieOf(request, this.publicUrl);
    if (old) await this.sessions.end(old);
  }

  private sessionOf(request: FastifyRequest): string {
    const id = isFromConsole(request, this.publicUrl) ? cookieOf(request, this.publicUrl) : undefined;
    if (!id) throw new Fault('key_missing');
    return id;
  }

  /** Checks where a request comes from. @throws Fault not_allowed if another site's page sent it */
  assertOwnPage(request: FastifyRequest): void {
    if (!isFromConsole(request, this.publicUrl))
      throw new Fault('not_allowed', { detail: 'Only the console itself may ask for this: open /console.' });
  }
}
