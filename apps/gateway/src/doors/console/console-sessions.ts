import { createHmac, randomBytes } from 'node:crypto';
import { isAdministrator, type Client, type ClientKeys } from '@b24/access';
import { type Clock, Fault } from '@b24/portal';
import { orStoreUnavailable, type StoreConnection } from '@b24/redis';
import { idOfPerson, type People } from './people';
import type { StoredPerson } from './person-claims';
import { type ListedSession, SessionIndex, type StoredConsoleSession } from './session-index';

const idPattern = /^[\w-]{43}$/;
/** Maximum duration of a session, even if it is in use. */
const maxSessionMs = 12 * 3_600_000;

export interface ConsoleSessionsOptions {
  readonly redis: StoreConnection;
  readonly keys: ClientKeys;
  readonly people: People;
  readonly clock: Clock;
  /** A session ends if it is unused for this long. */
  readonly idleMs: number;
}

interface BegunSession {
  readonly id: string;
  readonly client: Client;
}

/**
 * The sessions of the console. A session depends on the key that began it, or on the role of its person in the settings;
 * both are looked up at every request. Neither the key nor the session's id is stored. Every method throws Fault
 * store_unavailable.
 */
export class ConsoleSessions {
  private readonly index: SessionIndex;

  constructor(private readonly parts: ConsoleSessionsOptions) {
    this.index = new SessionIndex({ ...parts, maxMs: maxSessionMs });
  }

  /**
   * Begins a session with a key; undefined for an unknown key. The session's id is not stored.
   * @throws Fault not_allowed unless the key is an administrator's, key_expired, client_rate_limited
   */
  async begin(key: string, source: string): Promise<BegunSession | undefined> {
    const { keys } = this.parts;
    const client = await keys.admit(key);
    if (!client) return undefined;
    if (!isAdministrator(client))
      throw new Fault('not_allowed', { detail: 'This key lacks the scope admin, which the console needs.' });
    const id = newId();
    await this.store(id, client, { source, mask: masked(keys.digestOf(key), id).toString('hex') });
    return { id, client };
  }

  /**
   * Begins a session of a person whom the provider has identified. Earlier sessions of the person under another role end,
   * and all of them if the person has no role now. @throws Fault not_allowed for a person without a role
   */
  async beginForPerson(person: StoredPerson, source: string): Promise<BegunSession> {
    const client = this.parts.people.clientOf(person);
    const role = client?.person?.role;
    const isOutdated = ({ person: earlier }: ListedSession) =>
      !earlier || !role || this.parts.people.clientOf(earlier)?.person?.role !== role;
    await orStoreUnavailable(() => this.index.endAll(isOutdated, idOfPerson(person)));
    if (!client)
      throw new Fault('not_allowed', { detail: 'You have no role at this console: ask its administrator for one.' });
    const id = newId();
    await this.store(id, client, { source, person });
    return { id, client };
  }

  /** Returns the client of a session and prolongs it. @throws Fault session_ended, key_expired, client_rate_limited */
  async use(id: string): Promise<Client> {
    const stored = await this.load(id);
    const client = stored && (await this.clientOf(stored, (mask) => this.parts.keys.admitByDigest(unmasked(mask, id))));
    if (!stored || !client) throw await this.over(id);
    const leftMs = stored.beganAtMs + maxSessionMs - this.parts.clock.now();
    if (leftMs <= 0) throw await this.over(id);
    await orStoreUnavailable(() => this.index.prolong(id, Math.min(this.parts.idleMs, leftMs)));
    if (client.person) this.parts.keys.admitBySession(client, async () => (await this.load(id)) !== undefined);
    return client;
  }

  /** Returns the client of a session without prolonging it. @throws Fault session_ended */
  async peek(id: string): Promise<Client> {
    const stored = await this.load(id);
    const client =
      stored && (await this.clientOf(stored, (mask) => this.parts.keys.clientOfDigest(unmasked(mask, id))));
    if (!client) throw await this.over(id);
    return client;
  }

  async end(id: string): Promise<void> {
    await orStoreUnavailable(() => this.index.end(id));
  }

  /** Returns the sessions of a client, or of all, the newest first. */
  list(client?: string): Promise<ListedSession[]> {
    return orStoreUnavailable(() => this.index.list(client));
  }

  /** Ends the session of a list, and returns whether there was one among those of the client. */
  async endListed(ref: string, client?: string): Promise<boolean> {
    return (await orStoreUnavailable(() => this.index.endAll((it) => it.ref === ref, client))) > 0;
  }

  /** Ends the sessions of a client, or of all, and returns how many there were. */
  endAll(client?: string): Promise<number> {
    return orStoreUnavailable(() => this.index.endAll(() => true, client));
  }

  private async store(
    id: string,
    { id: client, name }: Client,
    more: Pick<StoredConsoleSession, 'source' | 'mask' | 'person'>,
  ) {
    const session: StoredConsoleSession = { client, name, ...more, beganAtMs: this.parts.clock.now() };
    await orStoreUnavailable(() => this.index.add(id, session, this.parts.idleMs));
  }

  private async clientOf(
    { mask, person }: StoredConsoleSession,
    find: (mask: string) => Promise<Client | undefined>,
  ): Promise<Client | undefined> {
    if (person) return this.parts.people.clientOf(person);
    const client = mask === undefined ? undefined : await find(mask);
    return client && isAdministrator(client) ? client : undefined;
  }

  private async load(id: string): Promise<StoredConsoleSession | undefined> {
    return idPattern.test(id) ? orStoreUnavailable(() => this.index.get(id)) : undefined;
  }

  private async over(id: string): Promise<Fault> {
    await this.end(id);
    return new Fault('session_ended');
  }
}

function newId(): string {
  return randomBytes(32).toString('base64url');
}

/** Masks a digest, or unmasks a masked one. An id is random and masks one digest only. */
function masked(digest: Buffer, id: string): Buffer {
  const mask = createHmac('sha256', id).update('console session').digest();
  return Buffer.from(digest.map((byte, i) => byte ^ (mask[i] ?? 0)));
}

function unmasked(mask: string, id: string): Buffer {
  return masked(Buffer.from(mask, 'hex'), id);
}
