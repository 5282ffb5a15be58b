import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, Fault, type Secret } from '@b24/portal';
import type { Cluster, Redis } from 'ioredis';
import type { Client, ListedClient } from './client';

/* Every key and field is in docs/storage.md. The braces keep a key's use on the node of its client. */
const clientKey = (digest: string) => `b24:client:${digest}`;
const useKey = (digest: string) => `{b24:client:${digest}}:use`;
const clientsKey = 'b24:clients';

export type NewClient = Pick<Client, 'name' | 'scopes' | 'portals' | 'methods' | 'expiresAtMs' | 'rate'>;

export interface Rotation {
  /** So long the key of now goes on working beside the new one; 0 ends it at once. */
  readonly graceMs: number;
  /** When the new key expires; as the client's key until now, unless said. */
  readonly expiresAtMs?: number;
}

/** What PTTL says of a key that is not there. */
const isGone = -2;

/** A key that was deleted or replaced goes on no longer than this with what it began. */
const lookAgainMs = 1000;

/** How a client was let in: by which key, when that was last found to be one, and whether it is none any more. */
interface Admitted {
  readonly digest: Buffer;
  seenAtMs: number;
  isOver: boolean;
}

const scripts = { admitClient: 2, swapClientKey: 1, dropClient: 1 } as const;
interface Scripts {
  admitClient(client: string, use: string): Promise<[string, number] | null>;
  swapClientKey(clients: string, id: string, before: string, after: string): Promise<number>;
  dropClient(clients: string, id: string): Promise<string | null>;
}

/**
 * The keys of internal services. Only a key's SHA-256 is stored; 256 random bits need no slower hash.
 * Every method throws Fault store_unavailable when Redis can't be asked.
 */
export class ClientKeys {
  private readonly adminDigest: Buffer;
  /** Of clients with a rate: the digest of their key, and whether what let them in paid for a command yet to be sent. */
  private readonly uses = new WeakMap<Client, { readonly digest: string; first: boolean }>();
  private readonly admitted = new WeakMap<Client, Admitted>();
  private readonly run: Scripts;

  constructor(
    private readonly redis: Redis | Cluster,
    adminKey: Secret,
    private readonly clock: Clock,
  ) {
    this.adminDigest = digestOf(adminKey.reveal());
    for (const [name, numberOfKeys] of Object.entries(scripts))
      redis.defineCommand(name, { numberOfKeys, lua: readFileSync(join(__dirname, `${name}.lua`), 'utf8') });
    this.run = redis as unknown as Scripts;
  }

  /**
   * Whose key this is; undefined when nobody's. The admin key's owner has every scope.
   * @throws Fault key_expired, client_rate_limited
   */
  async admit(key: string): Promise<Client | undefined> {
    const digest = digestOf(key);
    if (!keyPattern.test(key)) return timingSafeEqual(digest, this.adminDigest) ? admin : undefined;
    return this.admitByDigest(digest);
  }

  /** The same for who holds the key's digest in its place. @throws Fault key_expired, client_rate_limited */
  async admitByDigest(digest: Buffer): Promise<Client | undefined> {
    if (timingSafeEqual(digest, this.adminDigest)) return admin;
    const hex = digest.toString('hex');
    const found = await this.asking(() => this.run.admitClient(clientKey(hex), useKey(hex)));
    if (!found) return undefined;
    const [text, earlyMs] = found;
    const client = JSON.parse(text) as Client;
    if (this.hasExpired(client)) throw new Fault('key_expired');
    if (earlyMs > 0) throw new Fault('client_rate_limited', { retryAfterMs: earlyMs });
    if (client.rate) this.uses.set(client, { digest: hex, first: true });
    this.admitted.set(client, { digest, seenAtMs: this.clock.now(), isOver: false });
    return client;
  }

  /**
   * Asked before each step of what goes on for long: whether the key that let the client in is one still. Looked up once a
   * second at most. @throws Fault key_invalid
   */
  async mustStillWork(client: Client): Promise<void> {
    const by = this.admitted.get(client);
    if (!by) return;
    if (!by.isOver && this.clock.now() - by.seenAtMs >= lookAgainMs) {
      by.seenAtMs = this.clock.now();
      by.isOver = (await this.ownerOf(by.digest)) === undefined;
    }
    if (by.isOver) throw new Fault('key_invalid', { detail: 'The key that began this is none any more.' });
  }

  /** Where a client's key and its use are kept; undefined of a client that was deleted. */
  async placesOf(client: Client): Promise<readonly [key: string, use: string] | undefined> {
    const known = this.uses.get(client);
    const digest = known ? known.digest : await this.asking(() => this.currentDigest(client.id));
    if (digest === undefined) return undefined;
    if (!known) this.uses.set(client, { digest, first: false });
    return [clientKey(digest), useKey(digest)];
  }

  /** Whether the command is paid for by what let the request in, which pays for one. */
  spendFirst(client: Client): boolean {
    const known = this.uses.get(client);
    if (!known?.first) return false;
    known.first = false;
    return true;
  }

  /**
   * A client as it is now, for what it left to be done.
   * @throws Fault key_invalid when it was deleted, key_expired
   */
  async byId(id: string): Promise<Client> {
    if (id === admin.id) return admin;
    const text = await this.asking(async () => {
      const current = await this.currentDigest(id);
      return current === undefined ? null : this.redis.get(clientKey(current));
    });
    if (text === null) throw new Fault('key_invalid', { detail: 'The client whose key began this was deleted.' });
    const client = JSON.parse(text) as Client;
    if (this.hasExpired(client)) throw new Fault('key_expired');
    return client;
  }

  /** Whose digest it still is, which is no use of the key. */
  async ownerOf(digest: Buffer): Promise<Client | undefined> {
    if (timingSafeEqual(digest, this.adminDigest)) return admin;
    const text = await this.asking(() => this.redis.get(clientKey(digest.toString('hex'))));
    const client = text === null ? undefined : (JSON.parse(text) as Client);
    return client && !this.hasExpired(client) ? client : undefined;
  }

  /** What stands for a key where the key itself may not be kept. */
  digestOf(key: string): Buffer {
    return digestOf(key);
  }

  /** The key itself is told here and never again. */
  async create(wanted: NewClient): Promise<{ client: Client; key: string }> {
    const client: Client = { id: `c_${randomBytes(8).toString('hex')}`, ...wanted, createdAtMs: this.clock.now() };
    const { key, digest } = newKey();
    await this.asking(async () => {
      await this.redis.set(clientKey(digest), JSON.stringify(client));
      await this.redis.hset(clientsKey, client.id, digest);
    });
    return { client, key };
  }

  /**
   * Another key for the client. At most two work: the new one, and for its grace the one before.
   * @throws Fault client_not_found, invalid_request when the new key would have expired already
   */
  async rotate(id: string, rotation: Rotation): Promise<{ client: Client; key: string }> {
    for (;;) {
      const rotated = await this.asking(() => this.rotateFrom(id, rotation));
      // Somebody else rotated or deleted in the same moment: from what is there now.
      if (rotated) return rotated;
    }
  }

  /** All clients, oldest first. */
  list(): Promise<ListedClient[]> {
    return this.asking(async () => {
      const digests = await this.redis.hvals(clientsKey);
      const listed = await Promise.all(digests.map((it) => this.listed(it)));
      return listed.filter((it) => it !== undefined).sort((a, b) => a.createdAtMs - b.createdAtMs);
    });
  }

  /** Its keys stop working at once. @throws Fault client_not_found */
  async remove(id: string): Promise<void> {
    await this.asking(async () => {
      // Keys first, so that a replica that dies on the way leaves none that works and nobody can delete; and once more
      // what a rotation under way put there meanwhile. Off the list, it finds nobody to give a key to.
      await this.endAll(await this.redis.hget(clientsKey, id));
      const digests = await this.run.dropClient(clientsKey, id);
      if (!digests) throw new Fault('client_not_found');
      await this.endAll(digests);
    });
  }

  private async currentDigest(id: string): Promise<string | undefined> {
    return (await this.redis.hget(clientsKey, id))?.split(',')[0];
  }

  private async rotateFrom(id: string, rotation: Rotation): Promise<{ client: Client; key: string } | undefined> {
    const before = await this.redis.hget(clientsKey, id);
    const [current = '', older] = before?.split(',') ?? [];
    const text = current && (await this.redis.get(clientKey(current)));
    if (!before || !text) throw new Fault('client_not_found');
    const { expiresAtMs } = rotation;
    const client: Client = { ...(JSON.parse(text) as Client), ...(expiresAtMs !== undefined && { expiresAtMs }) };
    if (this.hasExpired(client)) throw expiredAlready();
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
    if (leftMs === isGone) return undefined;
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

  private async asking<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question();
    } catch (error) {
      throw error instanceof Fault ? error : new Fault('store_unavailable', { cause: error });
    }
  }
}

const admin: Client = { id: 'admin', name: 'Administrator', scopes: ['admin'], portals: 'all', createdAtMs: 0 };

/** What can't be a key of ours is not looked up. */
const keyPattern = /^b24_[\w-]{43}$/;

function newKey(): { key: string; digest: string } {
  const key = `b24_${randomBytes(32).toString('base64url')}`;
  return { key, digest: digestOf(key).toString('hex') };
}

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

function expiredAlready(): Fault {
  const message = 'The key has expired, and so would the new one: say until when it is to work.';
  return new Fault('invalid_request', { errors: [{ path: 'expiresAt', message }] });
}
