import { createHash, randomBytes } from 'node:crypto';
import { type Clock, Fault } from '@b24/portal';
import { loadScripts, orStoreUnavailable, type StoreConnection } from '@b24/redis';
import { newSecretId, newToken, type PresentedToken, readToken, sha256 } from './assistant-tokens';
import type { Client } from './client';
import type { ClientKeys } from './client-keys';

/* Every key and field is in docs/storage.md. */
const recordKey = (record: string) => `b24:assistant:${record}`;
const listKey = (client: string) => `b24:assistants:${client}`;

const codeLifeMs = 60_000;
const accessLifeMs = 15 * 60_000;
/** An assistant that gets no new tokens for this long ends. */
const unusedLifeMs = 30 * 86_400_000;
const maxAssistantsOfClient = 20;

/** An app that a person allowed to act as a key. */
export interface ConnectedAssistant {
  readonly id: string;
  /** What the app calls itself. */
  readonly name: string;
  /** The host that the code was sent to. */
  readonly host: string;
  readonly connectedAtMs: number;
}

/** An assistant as an administrator sees it. */
export interface ListedAssistant extends ConnectedAssistant {
  /** When it last got tokens; in use, it gets some every fifteen minutes. */
  readonly tokensAtMs: number;
}

/** What a person allowed. */
export interface AssistantConsent {
  readonly name: string;
  readonly host: string;
  /** The client id of the app (RFC 7591). */
  readonly registration: string;
  readonly redirectUri: string;
  /** The PKCE challenge: base64url of the SHA-256 of a verifier (RFC 7636, section 4.2). */
  readonly challenge: string;
  /** The client as which the assistant will act, and the digest of its key. */
  readonly client: Pick<Client, 'id'>;
  readonly keyDigest: string;
}

/** What an app presents for its first tokens. */
export interface CodeExchange {
  readonly code: string;
  readonly registration: string;
  readonly redirectUri: string;
  readonly verifier: string;
}

export interface AssistantTokens {
  readonly access: string;
  readonly refresh: string;
  /** Of the access token. */
  readonly lifeMs: number;
}

interface AboutAssistant extends ConnectedAssistant {
  /** The id of the client. */
  readonly client: string;
  readonly keyDigest: string;
  /** SHA-256 of the app's client id. */
  readonly registration: string;
  readonly redirectUri: string;
  readonly challenge: string;
}

export interface AssistantsOptions {
  readonly redis: StoreConnection;
  readonly keys: Pick<ClientKeys, 'admitByDigest' | 'works'>;
  readonly clock: Clock;
  /** Called when an assistant was ended because a code or token of it was presented that was not its newest. */
  readonly misused?: (assistant: ConnectedAssistant, client: string) => void;
}

const scripts = { addAssistant: 1, swapAssistantTokens: 1 } as const;
type AssistantReplies = Record<keyof typeof scripts, number>;

/**
 * Assistants that act as a key of a client: its scopes, portals, methods and rate, for as long as that key works. Tokens
 * are random and stored as digests only. Every method throws Fault store_unavailable when Redis is away.
 */
export class Assistants {
  private readonly run;

  constructor(private readonly parts: AssistantsOptions) {
    this.run = loadScripts<AssistantReplies>(parts.redis, __dirname, scripts);
  }

  /** Connects an assistant and returns the code for its first tokens. @throws Fault too_many_assistants */
  async connect(consent: AssistantConsent): Promise<{ assistant: ConnectedAssistant; code: string }> {
    const { client, registration, ...known } = consent;
    const secretId = newSecretId();
    const code = newToken('code', secretId);
    const about: AboutAssistant = {
      ...{ id: `as_${randomBytes(8).toString('hex')}`, ...known, client: client.id },
      ...{ registration: sha256(registration), connectedAtMs: this.parts.clock.now() },
    };
    const record = sha256(secretId);
    await this.asking(async (redis) => {
      // Listed first: a crash in between leaves an entry without a record, which the next list removes.
      await this.addToList(about, record);
      const fields = { about: JSON.stringify(about), next: sha256(code) };
      await redis.hset(recordKey(record), fields);
      await redis.pexpire(recordKey(record), codeLifeMs);
    });
    return { assistant: viewOf(about), code };
  }

  /**
   * Returns the first tokens for a code, once (RFC 6749, section 4.1.3); undefined for an unknown code. An assistant ends
   * when its code is presented a second time, or with other fields than it was asked for.
   * @throws Fault assistant_token_invalid
   */
  exchange({ code, registration, redirectUri, verifier }: CodeExchange): Promise<AssistantTokens | undefined> {
    const isRight = (about: AboutAssistant) =>
      about.registration === sha256(registration) &&
      about.redirectUri === redirectUri &&
      about.challenge === challengeOf(verifier) &&
      this.parts.clock.now() < about.connectedAtMs + codeLifeMs;
    return this.asking(() => this.newTokens(readToken('code', code), isRight));
  }

  /**
   * Returns new tokens for a refresh token, once; undefined for an unknown one. An assistant ends when a former refresh
   * token is presented (RFC 9700, section 4.14.2), or when another app presents one.
   * @throws Fault assistant_token_invalid
   */
  refresh(refreshToken: string, registration: string): Promise<AssistantTokens | undefined> {
    const isRight = (about: AboutAssistant) => about.registration === sha256(registration);
    return this.asking(() => this.newTokens(readToken('refresh', refreshToken), isRight));
  }

  /**
   * Returns the client as which an assistant acts; undefined for a token of no assistant. The client's rate is charged as
   * for a request with its key.
   * @throws Fault assistant_token_invalid when the token has expired or the key has ended, key_expired, client_rate_limited
   */
  async admit(accessToken: string): Promise<{ client: Client; assistant: ConnectedAssistant } | undefined> {
    const token = readToken('access', accessToken);
    const found = token && (await this.asking((redis) => this.findByAccess(redis, token)));
    if (!found) return undefined;
    const { about, isValid } = found;
    const client = isValid && (await this.parts.keys.admitByDigest(Buffer.from(about.keyDigest, 'hex')));
    if (!client) throw new Fault('assistant_token_invalid');
    return { client, assistant: viewOf(about) };
  }

  /** Ends the assistant of an access or refresh token, if there is one (RFC 7009). */
  async revoke(text: string): Promise<void> {
    const token = readToken('refresh', text) ?? readToken('access', text);
    if (token) await this.asking((redis) => redis.del(recordKey(token.record)));
  }

  /** Returns the assistants of a client whose key works, the oldest first. */
  list(client: string): Promise<ListedAssistant[]> {
    return this.asking(async (redis) => {
      const records = Object.entries(await redis.hgetall(listKey(client)));
      const listed = await Promise.all(records.map(([id, record]) => this.listed(redis, client, id, record)));
      return listed.filter((it) => it !== undefined).sort((a, b) => a.connectedAtMs - b.connectedAtMs);
    });
  }

  /** Ends an assistant of a client at once. @throws Fault assistant_not_found */
  end(client: string, id: string): Promise<void> {
    return this.asking(async (redis) => {
      const record = await redis.hget(listKey(client), id);
      if (record === null) throw new Fault('assistant_not_found');
      const ended = await redis.del(recordKey(record));
      await redis.hdel(listKey(client), id);
      if (ended === 0) throw new Fault('assistant_not_found');
    });
  }

  private async addToList({ client, id }: AboutAssistant, record: string): Promise<void> {
    const add = () => this.run.addAssistant(listKey(client), id, record, maxAssistantsOfClient, 2 * unusedLifeMs);
    if ((await add()) === 1) return;
    // The list may hold assistants that have ended.
    await this.list(client);
    if ((await add()) === 0) throw new Fault('too_many_assistants');
  }

  private async newTokens(
    token: ReturnType<typeof readToken>,
    isRight: (about: AboutAssistant) => boolean,
  ): Promise<AssistantTokens | undefined> {
    const about = token && (await this.aboutOf(token.record));
    if (!about) return undefined;
    const [access, refresh] = [newToken('access', token.secretId), newToken('refresh', token.secretId)];
    if (!isRight(about)) throw await this.misused(token, about);
    if (!(await this.parts.keys.works(about.keyDigest))) throw new Fault('assistant_token_invalid');
    const nowMs = this.parts.clock.now();
    const swapped = await this.run.swapAssistantTokens(
      ...[recordKey(token.record), token.digest, sha256(refresh), sha256(access)],
      ...[nowMs, nowMs + accessLifeMs, unusedLifeMs],
    );
    if (swapped === 0) throw await this.misused(token, about);
    return swapped < 0 ? undefined : { access, refresh, lifeMs: accessLifeMs };
  }

  /** Ends an assistant: somebody has a code or token of it that is not theirs to use. */
  private async misused({ record }: PresentedToken, about: AboutAssistant): Promise<Fault> {
    await this.parts.redis.del(recordKey(record));
    this.parts.misused?.(viewOf(about), about.client);
    return new Fault('assistant_token_invalid');
  }

  private async aboutOf(record: string): Promise<AboutAssistant | undefined> {
    const text = await this.parts.redis.hget(recordKey(record), 'about');
    return text === null ? undefined : (JSON.parse(text) as AboutAssistant);
  }

  private async findByAccess(
    redis: StoreConnection,
    { record, digest }: PresentedToken,
  ): Promise<{ about: AboutAssistant; isValid: boolean } | undefined> {
    const fields = ['about', 'access', 'accessUntil', 'former', 'formerUntil'];
    const [about, access, accessUntil, former, formerUntil] = await redis.hmget(recordKey(record), ...fields);
    if (!about) return undefined;
    const untilMs = digest === access ? accessUntil : digest === former ? formerUntil : null;
    return { about: JSON.parse(about) as AboutAssistant, isValid: this.parts.clock.now() < Number(untilMs ?? 0) };
  }

  /** Returns an assistant that has tokens; removes from the list one that has ended. */
  private async listed(
    redis: StoreConnection,
    client: string,
    id: string,
    record: string,
  ): Promise<ListedAssistant | undefined> {
    const [text, tokensAt] = await redis.hmget(recordKey(record), 'about', 'tokensAt');
    const about = text ? (JSON.parse(text) as AboutAssistant) : undefined;
    if (about && (await this.parts.keys.works(about.keyDigest)))
      return tokensAt ? { ...viewOf(about), tokensAtMs: Number(tokensAt) } : undefined;
    await redis.del(recordKey(record));
    await redis.hdel(listKey(client), id);
    return undefined;
  }

  private asking<T>(question: (redis: StoreConnection) => Promise<T>): Promise<T> {
    return orStoreUnavailable(() => question(this.parts.redis));
  }
}

function viewOf({ id, name, host, connectedAtMs }: AboutAssistant): ConnectedAssistant {
  return { id, name, host, connectedAtMs };
}

function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}
