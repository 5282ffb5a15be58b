import { createHash, createHmac, randomBytes } from 'node:crypto';
import { isAdministrator, type Client, type ClientKeys } from '@b24/access';
import { type Clock, Fault } from '@b24/portal';
import { orStoreUnavailable, type StoreConnection } from '@b24/redis';

/** In docs/storage.md. */
const sessionKey = (id: string) => `b24:console:${createHash('sha256').update(id).digest('hex')}`;
const idPattern = /^[\w-]{43}$/;
/** Maximum duration of a session, even if it is in use. */
const maxSessionMs = 12 * 3_600_000;

export interface ConsoleSessionsOptions {
  readonly redis: StoreConnection;
  readonly keys: ClientKeys;
  readonly clock: Clock;
  /** A session ends if it is unused for this long. */
  readonly idleMs: number;
}

interface StoredConsoleSession {
  /** The digest of the key, masked by the session's id, so that it is useless without the cookie. */
  readonly mask: string;
  readonly beganAtMs: number;
}

/**
 * The sessions of the console. A session depends on the key that began it, which is looked up at every request; neither
 * the key nor the session's id is stored. Every method throws Fault store_unavailable.
 */
export class ConsoleSessions {
  constructor(private readonly parts: ConsoleSessionsOptions) {}

  /**
   * Begins a session and returns its id, which is not stored.
   * @throws Fault not_allowed unless the key is an administrator's, key_expired, client_rate_limited
   */
  async begin(key: string): Promise<{ id: string; client: Client } | undefined> {
    const { keys, clock, idleMs } = this.parts;
    const client = await keys.admit(key);
    if (!client) return undefined;
    if (!isAdministrator(client))
      throw new Fault('not_allowed', { detail: 'This key lacks the scope admin, which the console needs.' });
    const id = randomBytes(32).toString('base64url');
    const stored: StoredConsoleSession = {
      mask: masked(keys.digestOf(key), id).toString('hex'),
      beganAtMs: clock.now(),
    };
    await this.asking((redis) => redis.set(sessionKey(id), JSON.stringify(stored), 'PX', idleMs));
    return { id, client };
  }

  /** Returns the client of a session and prolongs it. @throws Fault session_ended, key_expired, client_rate_limited */
  async use(id: string): Promise<Client> {
    const stored = await this.load(id);
    const client = stored && (await this.parts.keys.admitByDigest(digestIn(stored, id)));
    if (!stored || !client || !isAdministrator(client)) throw await this.over(id);
    const leftMs = stored.beganAtMs + maxSessionMs - this.parts.clock.now();
    if (leftMs <= 0) throw await this.over(id);
    await this.asking((redis) => redis.pexpire(sessionKey(id), Math.min(this.parts.idleMs, leftMs)));
    return client;
  }

  /** Returns the client of a session without prolonging it. @throws Fault session_ended */
  async peek(id: string): Promise<Client> {
    const stored = await this.load(id);
    const client = stored && (await this.parts.keys.clientOfDigest(digestIn(stored, id)));
    if (!client || !isAdministrator(client)) throw await this.over(id);
    return client;
  }

  async end(id: string): Promise<void> {
    await this.asking((redis) => redis.del(sessionKey(id)));
  }

  private async load(id: string): Promise<StoredConsoleSession | undefined> {
    if (!idPattern.test(id)) return undefined;
    const text = await this.asking((redis) => redis.get(sessionKey(id)));
    return text === null ? undefined : (JSON.parse(text) as StoredConsoleSession);
  }

  private async over(id: string): Promise<Fault> {
    await this.end(id);
    return new Fault('session_ended');
  }

  private asking<T>(question: (redis: StoreConnection) => Promise<T>): Promise<T> {
    return orStoreUnavailable(() => question(this.parts.redis));
  }
}

/** Masks a digest, or unmasks a masked one. An id is random and masks one digest only. */
function masked(digest: Buffer, id: string): Buffer {
  const mask = createHmac('sha256', id).update('console session').digest();
  return Buffer.from(digest.map((byte, i) => byte ^ (mask[i] ?? 0)));
}

function digestIn({ mask }: StoredConsoleSession, id: string): Buffer {
  return masked(Buffer.from(mask, 'hex'), id);
}
