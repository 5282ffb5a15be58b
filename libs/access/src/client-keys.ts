import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Clock, Fault, type Secret } from '@b24/portal';
import {
  deepFreeze,
  InvalidatedCache,
  type InvalidationSource,
  loadScripts,
  noInvalidations,
  orStoreUnavailable,
  type StoreConnection,
  type StoredValue,
} from '@b24/redis';
import { LRUCache } from 'lru-cache';
import type { Client, ListedClient } from './client';
import { keepsRights } from './keeps-rights';
import { KeyUses, type UsedKey } from './key-uses';

/* Every key and field is in docs/storage.md. The braces keep a key's use on the node of its client. */
const clientKeyPrefix = 'b24:client:';
const clientKey = (digest: string) => `${clientKeyPrefix}${digest}`;
const useKey = (digest: string) => `{b24:client:${digest}}:use`;
const clientsKey = 'b24:clients';

export type NewClient = Pick<Client, 'name' | 'scopes' | 'portals' | 'methods' | 'expiresAtMs' | 'rate'>;

export interface KeyRotationOptions {
  /** How long the current key works beside the new one; 0 ends it at once. */
  readonly graceMs: number;
  /** When the new key expires; by default when the current one does. */
  readonly expiresAtMs?: number;
}

/** The reply of PTTL for a missing key. */
const ttlOfMissingKey = -2;

/** How long a deleted or replaced key may go on with what it began. */
const recheckIntervalMs = 1000;

/** Keys in memory. */
const maxKnownKeys = 20_000;

/** A key that was found, and its client, which all requests of the key share. */
interface KnownKey extends UsedKey {
  readonly client: Client;
}

/** The key that admitted a client. */
interface AdmittedKey extends RecheckedRight {
  readonly digest: string;
}

/** When a right was last checked, and whether it has been revoked. */
interface RecheckedRight {
  checkedAtMs: number;
  isRevoked: boolean;
}

/** The right of a client who has a session instead of a key. */
interface SessionRight extends RecheckedRight {
  readonly isStillThere: () => Promise<boolean>;
}

const scripts = { admitClient: 2, changeClient: 1, recordUse: 2, swapClientKey: 1, dropClient: 1 } as const;
interface ClientKeyReplies {
  admitClient: number | null;
  changeClient: number;
  recordUse: null;
  swapClientKey: number;
  dropClient: string | null;
}

/**
 * The keys of internal services. Only the SHA-256 of a key is stored: 256 random bits need no slower hash. Keys in use are
 * in memory until Redis reports a change.
 * Every method that returns a promise throws Fault store_unavailable when Redis is away.
 */
export class ClientKeys {
  private readonly adminDigest: Buffer;
  /** For clients with a rate: the digest of their key, and whether their admission prepaid a command that is still unsent. */
  private readonly rated = new WeakMap<Client, { readonly digest: string; first: boolean }>();
  private readonly admitted = new WeakMap<Client, AdmittedKey>();
  private readonly sessions = new WeakMap<Client, SessionRight>();
  /** By digest. */
  private readonly known: InvalidatedCache<KnownKey>;
  /** The digests of keys that were admitted. */
  private readonly digests = new LRUCache<string, string>({ max: maxKnownKeys });
  private readonly uses: KeyUses;
  private readonly run;

  constructor(
    private readonly redis: StoreConnection,
    adminKey: Secret,
    private readonly clock: Clock,
    source: InvalidationSource = noInvalidations,
  ) {
    this.adminDigest = digestOf(adminKey.reveal());
    this.run = loadScripts<ClientKeyReplies>(redis, __dirname, scripts);
    this.uses = new KeyUses(clock, (digest) => this.run.recordUse(clientKey(digest), useKey(digest)));
    this.known = new InvalidatedCache<KnownKey>({ source, redis, clock, maxEntries: maxKnownKeys }, (redisKey) => {
      if (redisKey.startsWith(clientKeyPrefix)) this.known.forget(redisKey.slice(clientKeyPrefix.length));
    });
  }

  /** Stores uses of keys from now on. */
  start(): void {
    this.uses.start();
  }

  stop(): void {
    this.uses.stop();
  }

  /** Resolves when the uses of keys until now are stored. */
  settle(): Promise<void> {
    return this.uses.flush();
  }

  /** Admits a client at once if its key is in memory, valid and without a rate; otherwise `admit` decides. */
  admitKnown(key: string): Client | undefined {
    const digest = this.digests.get(key);
    const known = digest === undefined ? undefined : this.known.peek(digest);
    if (!known || known.client.rate || this.hasExpired(known.client)) return undefined;
    this.uses.note(known);
    return known.client;
  }

  /**
   * Returns the client of a key; undefined for an unknown key. The admin key's client has every scope.
   * @throws Fault key_expired, client_rate_limited
   */
  async admit(key: string): Promise<Client | undefined> {
    const known = this.admitKnown(key);
    if (known) return known;
    const digest = this.digests.get(key) ?? digestOf(key).toString('hex');
    if (!keyPattern.test(key)) return this.isAdmin(digest) ? admin : undefined;
    const client = await this.admitByHex(digest);
    if (client) this.digests.set(key, digest);
    return client;
  }

  /** Like `admit`, for a caller that has only the key's digest. @throws Fault key_expired, client_rate_limited */
  admitByDigest(digest: Buffer): Promise<Client | undefined> {
    const hex = digest.toString('hex');
    return this.isAdmin(hex) ? Promise.resolve(admin) : this.admitByHex(hex);
  }

  private async admitByHex(digest: string): Promise<Client | undefined> {
    const known = await this.load(digest);
    if (!known) return undefined;
    if (this.hasExpired(known.client)) throw new Fault('key_expired');
    const client = known.client.rate ? await this.admitByRate(known, known.client.rate) : known.client;
    if (client) this.uses.note(known);
    return client;
  }

  /** Returns an object of its own for each request, because its first command is prepaid. */
  private async admitByRate(
    { client: shared, digest }: KnownKey,
    { burst, perSecond }: NonNullable<Client['rate']>,
  ): Promise<Client | undefined> {
    const earlyMs = await orStoreUnavailable(() =>
      this.run.admitClient(clientKey(digest), useKey(digest), burst, perSecond),
    );
    if (earlyMs === null) return undefined;
    if (earlyMs > 0) throw new Fault('client_rate_limited', { retryAfterMs: earlyMs });
    const client = { ...shared };
    this.rated.set(client, { digest, first: true });
    this.admitted.set(client, { digest, checkedAtMs: this.clock.now(), isRevoked: false });
    return client;
  }

  private load(digest: string): Promise<KnownKey | undefined> {
    return orStoreUnavailable(() => this.known.get(digest, (redis) => this.find(redis, digest)));
  }

  private async find(redis: StoreConnection, digest: string): Promise<StoredValue<KnownKey> | undefined> {
    const sentAtMs = this.clock.now();
    // Redis remembers each key that is read through a tracked connection: not those that somebody guesses.
    if (redis !== this.redis && (await this.redis.exists(clientKey(digest))) === 0) return undefined;
    const [text, ttlMs] = await Promise.all([redis.get(clientKey(digest)), redis.pttl(clientKey(digest))]);
    if (text === null) return undefined;
    const client = deepFreeze(JSON.parse(text) as Client);
    this.admitted.set(client, { digest, checkedAtMs: sentAtMs, isRevoked: false });
    return { value: { client, digest, isStoredUntilMs: -Infinity }, ttlMs };
  }

  /**
   * Checks before each step of a long request that the key which admitted the client, or its session, still works. Reads
   * Redis at most once a second, and not while the key is in memory. @throws Fault key_invalid, session_ended
   */
  async assertStillValid(client: Client): Promise<void> {
    const by = this.admitted.get(client);
    if (!by) return this.assertSessionIsThere(this.sessions.get(client));
    const known = this.known.peek(by.digest);
    if (known) by.isRevoked ||= this.isOutdated(known.client, client);
    else if (!by.isRevoked && this.clock.now() - by.checkedAtMs >= recheckIntervalMs) {
      by.checkedAtMs = this.clock.now();
      const current = await this.clientOfHex(by.digest);
      by.isRevoked = current === undefined || this.isOutdated(current, client);
    }
    if (by.isRevoked) throw revokedKey();
  }

  /** Makes a session the right of a client who has no key. */
  admitBySession(client: Client, isStillThere: () => Promise<boolean>): void {
    this.sessions.set(client, { isStillThere, checkedAtMs: this.clock.now(), isRevoked: false });
  }

  private async assertSessionIsThere(by: SessionRight | undefined): Promise<void> {
    if (!by) return;
    if (!by.isRevoked && this.clock.now() - by.checkedAtMs >= recheckIntervalMs) {
      by.checkedAtMs = this.clock.now();
      by.isRevoked = !(await by.isStillThere());
    }
    if (by.isRevoked) throw new Fault('session_ended');
  }

  /**
   * Returns the digest of the key that admitted a client, with the revision of the client's rights; undefined for the
   * administrator and the gateway itself.
   */
  digestOfAdmitted(client: Client): string | undefined {
    const digest = this.admitted.get(client)?.digest;
    return digest === undefined || client.revision === undefined ? digest : `${digest}.${client.revision}`;
  }

  /** Whether the key of an admitted digest is in memory, works and lost no right since; otherwise `works` decides. */
  isKnownToWork(admitted: string): boolean {
    const [digest = '', revision] = admitted.split('.');
    const known = this.known.peek(digest);
    return known !== undefined && this.stillWorks(known.client, revision);
  }

  /** Whether the key of an admitted digest works and lost no right since. This does not count as a use of it. */
  async works(admitted: string): Promise<boolean> {
    const [digest = '', revision] = admitted.split('.');
    const known = await this.load(digest);
    return known !== undefined && this.stillWorks(known.client, revision);
  }

  private stillWorks(client: Client, revision: string | undefined): boolean {
    return !this.hasExpired(client) && (client.revision ?? 0) === Number(revision ?? 0);
  }

  /** Whether work that an earlier state of a client began may not go on. */
  private isOutdated(current: Client, earlier: Client): boolean {
    return this.hasExpired(current) || (current.revision ?? 0) !== (earlier.revision ?? 0);
  }

  /** Returns the Redis keys of a client's key and its use; undefined for a deleted client. */
  async redisKeysOf(client: Client): Promise<readonly [key: string, use: string] | undefined> {
    const known = this.rated.get(client);
    const digest = known ? known.digest : await orStoreUnavailable(() => this.currentDigest(client.id));
    if (digest === undefined) return undefined;
    if (!known) this.rated.set(client, { digest, first: false });
    return [clientKey(digest), useKey(digest)];
  }

  /** Returns true once for each request: its admission has prepaid one command. */
  consumePrepaidCommand(client: Client): boolean {
    const known = this.rated.get(client);
    if (!known?.first) return false;
    known.first = false;
    return true;
  }

  /**
   * Returns the current state of a client, for work that continues without a request.
   * @throws Fault key_invalid when it was deleted, key_expired
   */
  async byId(id: string): Promise<Client> {
    if (id === admin.id) return admin;
    const text = await orStoreUnavailable(async () => {
      const current = await this.currentDigest(id);
      return current === undefined ? null : this.redis.get(clientKey(current));
    });
    if (text === null) throw new Fault('key_invalid', { detail: 'The client that started this was deleted.' });
    const client = JSON.parse(text) as Client;
    if (this.hasExpired(client)) throw new Fault('key_expired');
    return client;
  }

  /** Returns the client of a digest. This does not count as a use of the key. */
  clientOfDigest(digest: Buffer): Promise<Client | undefined> {
    return this.clientOfHex(digest.toString('hex'));
  }

  private async clientOfHex(digest: string): Promise<Client | undefined> {
    if (this.isAdmin(digest)) return admin;
    const text = await orStoreUnavailable(() => this.redis.get(clientKey(digest)));
    const client = text === null ? undefined : (JSON.parse(text) as Client);
    return client && !this.hasExpired(client) ? client : undefined;
  }

  /** Returns the SHA-256 of a key, for places where the key itself may not be stored. */
  digestOf(key: string): Buffer {
    return digestOf(key);
  }

  /** Returns the SHA-256 of a client's newest key, in hexadecimal digits; undefined for an unknown client. */
  digestOfClient(id: string): Promise<string | undefined> {
    return orStoreUnavailable(() => this.currentDigest(id));
  }

  /** Creates a client. The key is returned only here. */
  async create(wanted: NewClient): Promise<{ client: Client; key: string }> {
    const client: Client = { id: `c_${randomBytes(8).toString('hex')}`, ...wanted, createdAtMs: this.clock.now() };
    const { key, digest } = newKey();
    await orStoreUnavailable(async () => {
      await this.redis.set(clientKey(digest), JSON.stringify(client));
      await this.redis.hset(clientsKey, client.id, digest);
    });
    return { client, key };
  }

  /**
   * Gives a client a new key. At most two keys work: the new one and, during the grace, the previous one.
   * @throws Fault client_not_found, invalid_request when the new key would have expired already
   */
  async rotate(id: string, rotation: KeyRotationOptions): Promise<{ client: Client; key: string }> {
    for (;;) {
      const rotated = await orStoreUnavailable(() => this.rotateFrom(id, rotation));
      // A concurrent rotation or deletion won; start again from the current state.
      if (rotated) return rotated;
    }
  }

  /** Returns the stored state of a client. @throws Fault client_not_found */
  async stored(id: string): Promise<Client> {
    const text = await orStoreUnavailable(async () => {
      const current = await this.currentDigest(id);
      return current === undefined ? null : this.redis.get(clientKey(current));
    });
    if (text === null) throw new Fault('client_not_found');
    return JSON.parse(text) as Client;
  }

  /**
   * Changes what a client may do, at once for its current and its previous key. Calls that wait when a right is taken away
   * are not sent. @param change throws to refuse the change @throws Fault client_not_found
   */
  change(id: string, change: (before: Client) => Client): Promise<Client> {
    return orStoreUnavailable(async () => {
      for (;;) {
        const digests = await this.redis.hget(clientsKey, id);
        const [current = '', older] = digests?.split(',') ?? [];
        if (older) await this.rewrite(older, change);
        const changed = current === '' ? undefined : await this.rewrite(current, change);
        if (!changed) throw new Fault('client_not_found');
        // A concurrent rotation may have copied the state before the change to another key.
        if ((await this.redis.hget(clientsKey, id)) === digests) return changed;
      }
    });
  }

  /** Returns the changed client of one key; undefined when the key has ended. */
  private async rewrite(digest: string, change: (before: Client) => Client): Promise<Client | undefined> {
    for (;;) {
      const text = await this.redis.get(clientKey(digest));
      if (text === null) return undefined;
      const before = JSON.parse(text) as Client;
      const after = withRevision(before, change(before));
      const swap = () => this.run.changeClient(clientKey(digest), text, JSON.stringify(after));
      if ((await this.known.changing(digest, swap)) === 1) return after;
    }
  }

  /** Returns all clients, oldest first. */
  list(): Promise<ListedClient[]> {
    return orStoreUnavailable(async () => {
      await this.uses.flush();
      const digests = await this.redis.hvals(clientsKey);
      const listed = await Promise.all(digests.map((it) => this.listed(it)));
      return listed.filter((it) => it !== undefined).sort((a, b) => a.createdAtMs - b.createdAtMs);
    });
  }

  /** Deletes a client; its keys stop working at once. @throws Fault client_not_found */
  async remove(id: string): Promise<void> {
    await orStoreUnavailable(async () => {
      // Keys go first, so that a replica that dies half-way leaves no working key that can't be deleted. They go again
      // after the client has left the list, because a concurrent rotation may have added one.
      await this.endAll(await this.redis.hget(clientsKey, id));
      const digests = await this.run.dropClient(clientsKey, id);
      if (!digests) throw new Fault('client_not_found');
      await this.endAll(digests);
    });
  }

  private async currentDigest(id: string): Promise<string | undefined> {
    return (await this.redis.hget(clientsKey, id))?.split(',')[0];
  }

  private async rotateFrom(
    id: string,
    rotation: KeyRotationOptions,
  ): Promise<{ client: Client; key: string } | undefined> {
    const before = await this.redis.hget(clientsKey, id);
    const [current = '', older] = before?.split(',') ?? [];
    const text = current && (await this.redis.get(clientKey(current)));
    if (!before || !text) throw new Fault('client_not_found');
    const { expiresAtMs } = rotation;
    const rotated = (of: string): Client => ({
      ...(JSON.parse(of) as Client),
      ...(expiresAtMs !== undefined && { expiresAtMs }),
    });
    const client = rotated(text);
    if (this.hasExpired(client)) throw alreadyExpired();
    const { key, digest } = newKey();
    const copied = JSON.stringify(client);
    await this.redis.set(clientKey(digest), copied);
    if ((await this.run.swapClientKey(clientsKey, id, before, `${digest},${current}`)) === 0) {
      await this.end(digest, 0);
      return undefined;
    }
    // A change that came after the copy was made, and before the new key was listed, has missed the new key.
    const latest = await this.redis.get(clientKey(current));
    if (latest !== null && latest !== text)
      await this.run.changeClient(clientKey(digest), copied, JSON.stringify(rotated(latest)));
    await this.end(current, rotation.graceMs);
    if (older) await this.end(older, 0);
    return { client, key };
  }

  private async endAll(digests: string | null): Promise<void> {
    await Promise.all((digests?.split(',') ?? []).map((digest) => this.end(digest, 0)));
  }

  private async end(digest: string, graceMs: number): Promise<void> {
    const names = [clientKey(digest), useKey(digest)];
    const end = (name: string) => (graceMs > 0 ? this.redis.pexpire(name, graceMs) : this.redis.del(name));
    await this.known.changing(digest, () => Promise.all(names.map(end)));
  }

  private async listed(digests: string): Promise<ListedClient | undefined> {
    const [current = '', older] = digests.split(',');
    const text = await this.redis.get(clientKey(current));
    if (!text) return undefined;
    const lastUsedAtMs = await this.lastUse(current);
    const previous = older && (await this.previous(older));
    return {
      ...(JSON.parse(text) as Client),
      ...(lastUsedAtMs !== undefined && { lastUsedAtMs }),
      ...(previous && { previous }),
    };
  }

  private async previous(digest: string): Promise<ListedClient['previous']> {
    const leftMs = await this.redis.pttl(clientKey(digest));
    if (leftMs === ttlOfMissingKey) return undefined;
    const lastUsedAtMs = await this.lastUse(digest);
    return {
      ...(leftMs >= 0 && { untilMs: this.clock.now() + leftMs }),
      ...(lastUsedAtMs !== undefined && { lastUsedAtMs }),
    };
  }

  private async lastUse(digest: string): Promise<number | undefined> {
    const usedAt = await this.redis.hget(useKey(digest), 'usedAt');
    return usedAt === null ? undefined : Number(usedAt);
  }

  private isAdmin(digest: string): boolean {
    return timingSafeEqual(Buffer.from(digest, 'hex'), this.adminDigest);
  }

  private hasExpired({ expiresAtMs }: Client): boolean {
    return expiresAtMs !== undefined && expiresAtMs <= this.clock.now();
  }
}

const admin: Client = deepFreeze({
  id: 'admin',
  name: 'Administrator',
  scopes: ['admin'],
  portals: 'all',
  createdAtMs: 0,
});

/** The fault of work that its key began and may not go on with. */
export function revokedKey(): Fault {
  return new Fault('key_invalid', { detail: 'The key that started this request was deleted, replaced or limited.' });
}

function withRevision(before: Client, after: Client): Client {
  return keepsRights(before, after) ? after : { ...after, revision: (before.revision ?? 0) + 1 };
}

/** Anything else is not looked up. */
const keyPattern = /^b24_[\w-]{43}$/;

function newKey(): { key: string; digest: string } {
  const key = `b24_${randomBytes(32).toString('base64url')}`;
  return { key, digest: digestOf(key).toString('hex') };
}

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

function alreadyExpired(): Fault {
  const message = 'The key has expired and the new one would be expired too: set `expiresAt`.';
  return new Fault('invalid_request', { errors: [{ path: 'expiresAt', message }] });
}
