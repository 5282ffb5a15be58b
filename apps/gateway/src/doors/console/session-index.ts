import { createHash } from 'node:crypto';
import { type Clock } from '@b24/portal';
import type { StoreConnection } from '@b24/redis';
import type { StoredPerson } from './person-claims';

/* In docs/storage.md. */
const sessionKey = (digest: string) => `b24:console:${digest}`;
const indexKey = 'b24:consoles';
/** Sessions of one client at once; a further one ends the oldest. */
const maxSessionsOfClient = 50;

export interface StoredConsoleSession {
  /** The id of the client. */
  readonly client: string;
  readonly name: string;
  /** For a session that a key began: the digest of the key, masked by the session's id, so that it is useless without the cookie. */
  readonly mask?: string;
  /** For a session of a person. */
  readonly person?: StoredPerson;
  /** The address from which it began. */
  readonly source: string;
  readonly beganAtMs: number;
}

/** A session as a list shows it. */
export interface ListedSession extends StoredConsoleSession {
  /** The digest of its id. */
  readonly digest: string;
  /** Names the session without being of use for a request. */
  readonly ref: string;
  /** When it ends if it is not used. */
  readonly endsAtMs: number;
}

export interface SessionIndexOptions {
  readonly redis: StoreConnection;
  readonly clock: Clock;
  /** Maximum duration of a session. */
  readonly maxMs: number;
}

/**
 * The stored sessions and their list. A session is listed before it is stored and deleted before it leaves the list, so
 * that one that works can always be found and ended.
 */
export class SessionIndex {
  constructor(private readonly parts: SessionIndexOptions) {}

  async add(id: string, session: StoredConsoleSession, lifeMs: number): Promise<void> {
    const { redis, clock, maxMs } = this.parts;
    const digest = digestOfSession(id);
    await redis.zremrangebyscore(indexKey, '-inf', clock.now() - 1);
    await redis.zadd(indexKey, session.beganAtMs + maxMs, memberOf(session.client, digest));
    await redis.set(sessionKey(digest), JSON.stringify(session), 'PX', lifeMs);
    const own = await this.membersOf(session.client);
    await this.remove(own.slice(0, Math.max(0, own.length - maxSessionsOfClient)));
  }

  async get(id: string): Promise<StoredConsoleSession | undefined> {
    const text = await this.parts.redis.get(sessionKey(digestOfSession(id)));
    return text === null ? undefined : (JSON.parse(text) as StoredConsoleSession);
  }

  async prolong(id: string, lifeMs: number): Promise<void> {
    await this.parts.redis.pexpire(sessionKey(digestOfSession(id)), lifeMs);
  }

  /** Deletes the session with this id, if there is one. */
  async end(id: string): Promise<void> {
    const { redis } = this.parts;
    const digest = digestOfSession(id);
    const text = await redis.getdel(sessionKey(digest));
    if (text === null) return;
    await redis.zrem(indexKey, memberOf((JSON.parse(text) as StoredConsoleSession).client, digest));
  }

  /** Returns the sessions of a client, or of all, the newest first. */
  async list(client?: string): Promise<ListedSession[]> {
    const members = await this.membersOf(client);
    const listed = await Promise.all(members.map((member) => this.listed(member)));
    return listed.filter((it) => it !== undefined).reverse();
  }

  /** Ends the listed sessions that `isMeant` selects, and returns how many there were. */
  async endAll(isMeant: (session: ListedSession) => boolean, client?: string): Promise<number> {
    const meant = (await this.list(client)).filter(isMeant);
    await this.remove(meant.map(({ client: owner, digest }) => memberOf(owner, digest)));
    return meant.length;
  }

  /** The oldest first. */
  private async membersOf(client: string | undefined): Promise<string[]> {
    const { redis, clock } = this.parts;
    const all = await redis.zrangebyscore(indexKey, clock.now(), '+inf');
    return client === undefined ? all : all.filter((it) => it.startsWith(`${client} `));
  }

  private async listed(member: string): Promise<ListedSession | undefined> {
    const { redis, clock } = this.parts;
    const [, digest = ''] = member.split(' ');
    const [text, leftMs] = await Promise.all([redis.get(sessionKey(digest)), redis.pttl(sessionKey(digest))]);
    if (text === null || leftMs < 0) return undefined;
    const stored = JSON.parse(text) as StoredConsoleSession;
    return { ...stored, digest, ref: refOfDigest(digest), endsAtMs: clock.now() + leftMs };
  }

  private async remove(members: readonly string[]): Promise<void> {
    const { redis } = this.parts;
    for (const member of members) {
      await redis.del(sessionKey(member.split(' ')[1] ?? ''));
      await redis.zrem(indexKey, member);
    }
  }
}

/** Returns the name of a session in lists. */
export function refOfSession(id: string): string {
  return refOfDigest(digestOfSession(id));
}

function refOfDigest(digest: string): string {
  return digest.slice(0, 32);
}

function digestOfSession(id: string): string {
  return createHash('sha256').update(id).digest('hex');
}

function memberOf(client: string, digest: string): string {
  return `${client} ${digest}`;
}
