import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Clock, Fault, type Secret } from '@b24/portal';
import { loadScripts, orStoreUnavailable } from '@b24/redis';
import type { Cluster, Redis } from 'ioredis';
import type { Client, ListedClient } from './client';

/* Every key and field is in docs/storage.md. The braces keep a key's use on the node of its client. */
const clientKey = (digest: string) => `b24:client:${digest}`;
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

/** The key that admitted a client, when it was last checked, and whether it has been revoked. */
interface AdmittedKey {
  readonly digest: Buffer;
  checkedAtMs: number;
  isRevoked: boolean;
}

const scripts = { admitClient: 2, swapClientKey: 1, dropClient: 1 } as const;
interface ClientKeyReplies {
  admitClient: [string, number] | null;
  swapClientKey: number;
  dropClient: string | null;
}

/**
 * The keys of internal services. Only the SHA-256 of a key is stored: 256 random bits need no slower hash.
 * Every method throws Fault store_unavailable when Redis is away.
 */
export class ClientKeys {
  private readonly adminDigest: Buffer;
  /** For clients with a rate: the digest of their key, and whether their admission prepaid a command that is still unsent. */
  private readonly uses = new WeakMap<Client, { readonly digest: string; first: boolean }>();
  private readonly admitted = new WeakMap<Client, AdmittedKey>();
  private readonly run;

  constructor(
    private readonly redis: Redis | Cluster,
    adminKey: Secret,
    private readonly clock: Clock,
  ) {
    this.adminDigest = digestOf(adminKey.reveal());
    this.run = loadScripts<ClientKeyReplies>(redis, __dirname, scripts);
  }

  /**
   * Returns the client of a key; undefined for an unknown key. The admin key's client has every scope.
   * @throws Fault key_expired, client_rate_limited
   */
  async admit(key: string): Promise<Client | undefined> {
    const digest = digestOf(key);
    if (!keyPattern.test(key)) return timingSafeEqual(digest, this.adminDigest) ? admin : undefined;
    return this.admitByDigest(digest);
  }

  /** Returns the client of a known valid key without a rate; undefined if `admit` must decide. */
  admitKnown(_key: string): Client | undefined {
    return undefined;
  }

  /** Like `admit`, for a caller that has only the key's digest. @throws Fault key_expired, client_rate_limited */
  async admitByDigest(digest: Buffer): Promise<Client | undefined> {
    if (timingSafeEqual(digest, this.adminDigest)) return admin;
    const hex = digest.toString('hex');
    const found = await orStoreUnavailable(() => this.run.admitClient(clientKey(hex), useKey(hex)));
    if (!found) return undefined;
    const [text, earlyMs] = found;
    const client = JSON.parse(text) as Client;
    if (this.hasExpired(client)) throw new Fault('key_expired');
    if (earlyMs > 0) throw new Fault('client_rate_limited', { retryAfterMs: earlyMs });
    if (client.rate) this.uses.set(client, { digest: hex, first: true });
    this.admitted.set(client, { digest, checkedAtMs: this.clock.now(), isRevoked: false });
    return client;
  }

  /**
   * Checks before each step of a long request that the key which admitted the client still works. Reads Redis at most once
   * a second. @throws Fault key_invalid
   */
  async assertStillValid(client: Client): Promise<void> {
    const by = this.admitted.get(client);
    if (!by) return;
    if (!by.isRevoked && this.clock.now() - by.checkedAtMs >= recheckIntervalMs) {
      by.checkedAtMs = this.clock.now();
      by.isRevoked = (await this.clientOfDigest(by.digest)) === undefined;
    }
    if (by.isRevoked)
      throw new Fault('key_invalid', { detail: 'The key that started this request was deleted or replaced.' });
  }

  /** Returns the Redis keys of a client's key and its use; undefined for a deleted client. */
  async redisKeysOf(client: Client): Promise<readonly [key: string, use: string] | undefined> {
    const known = this.uses.get(client);
    const digest = known ? known.digest : await orStoreUnavailable(() => this.currentDigest(client.id));
    if (digest === undefined) return undefined;
    if (!known) this.uses.set(client, { digest, first: false });
    return [clientKey(digest), useKey(digest)];
  }

  /** Returns true once for each request: its admission has prepaid one command. */
  consumePrepaidCommand(client: Client): boolean {
    const known = this.uses.get(client);
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
  async clientOfDigest(digest: Buffer): Promise<Client | undefined> {
    if (timingSafeEqual(digest, this.adminDigest)) return admin;
    const text = await orStoreUnavailable(() => this.redis.get(clientKey(digest.toString('hex'))));
    const client = text === null ? undefined : (JSON.parse(text) as Client);
    return client && !this.hasExpired(client) ? client : undefined;
  }

  /** Returns the SHA-256 of a key, for places where the key itself may not be stored. */
  digestOf(key: string): Buffer {
    return digestOf(key);
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

  /** Returns all clients, oldest first. */
  list(): Promise<ListedClient[]> {
    return orStoreUnavailable(async () => {
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
    const client: Client = { ...(JSON.parse(text) as Client), ...(expiresAtMs !== undefined && { expiresAtMs }) };
    if (this.hasExpired(client)) throw alreadyExpired();
    const { key, digest } = newKey();
    await this.redis.set(clientKey(digest), JSON.stringify(client));
    if ((await this.run.swapClientKey(clientsKey, id, before, `${digest},${current}`)) === 0) {
      await this.end(digest, 0);
      return undefined;
    }
    await this.end(current, rotation.graceMs);
    if (older) await this.end(older, 0);
    return { client, key };
  }

  private async endAll(digests: string | null): Promise<void> {
    await Promise.all((digests?.split(',') ?? []).map((digest) => this.end(digest, 0)));
  }

  private async end(digest: string, graceMs: number): Promise<void> {
    const names = [clientKey(digest), useKey(digest)];
    await Promise.all(names.map((name) => (graceMs > 0 ? this.redis.pexpire(name, graceMs) : this.redis.del(name))));
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

  private hasExpired({ expiresAtMs }: Client): boolean {
    return expiresAtMs !== undefined && expiresAtMs <= this.clock.now();
  }
}

const admin: Client = { id: 'admin', name: 'Administrator', scopes: ['admin'], portals: 'all', createdAtMs: 0 };

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
