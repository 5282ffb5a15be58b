import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Clock, Fault, type Secret } from '@b24/portal';
import type { Cluster, Redis } from 'ioredis';
import type { Client } from './client';

const clientKey = (digest: string) => `b24:client:${digest}`;
const clientsKey = 'b24:clients';

export type NewClient = Pick<Client, 'name' | 'scopes' | 'portals' | 'methods'>;

/**
 * The keys of internal services. Only a key's SHA-256 is stored; 256 random bits need no slower hash.
 * Every method throws Fault store_unavailable when Redis can't be asked.
 */
export class ClientKeys {
  private readonly adminDigest: Buffer;

  constructor(
    private readonly redis: Redis | Cluster,
    adminKey: Secret,
    private readonly clock: Clock,
  ) {
    this.adminDigest = digestOf(adminKey.reveal());
  }

  /** Whose key this is; the admin key's owner has every scope. */
  async owner(key: string): Promise<Client | undefined> {
    const digest = digestOf(key);
    if (timingSafeEqual(digest, this.adminDigest)) return admin;
    const found = await this.asking(() => this.redis.get(clientKey(digest.toString('hex'))));
    return found ? (JSON.parse(found) as Client) : undefined;
  }

  /** The key itself is told here and never again. */
  async create(wanted: NewClient): Promise<{ client: Client; key: string }> {
    const key = `b24_${randomBytes(32).toString('base64url')}`;
    const client: Client = { id: `c_${randomBytes(8).toString('hex')}`, ...wanted, createdAtMs: this.clock.now() };
    const digest = digestOf(key).toString('hex');
    await this.asking(async () => {
      await this.redis.set(clientKey(digest), JSON.stringify(client));
      await this.redis.hset(clientsKey, client.id, digest);
    });
    return { client, key };
  }

  /** All clients, oldest first. */
  list(): Promise<Client[]> {
    return this.asking(async () => {
      const digests = await this.redis.hvals(clientsKey);
      const texts = await Promise.all(digests.map((digest) => this.redis.get(clientKey(digest))));
      const clients = texts.filter((text) => text !== null).map((text) => JSON.parse(text) as Client);
      return clients.sort((a, b) => a.createdAtMs - b.createdAtMs);
    });
  }

  /** The key stops working at once. @throws Fault client_not_found */
  async remove(id: string): Promise<void> {
    await this.asking(async () => {
      const digest = await this.redis.hget(clientsKey, id);
      if (!digest) throw new Fault('client_not_found');
      await this.redis.del(clientKey(digest));
      await this.redis.hdel(clientsKey, id);
    });
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

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
