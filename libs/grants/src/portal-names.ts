import { type Clock, Fault, type PortalId } from '@b24/portal';
import { InvalidatedCache, type InvalidationSource, type StoreConnection } from '@b24/redis';
import { formerDomains } from './former-domains';
import type { PortalRecord } from './install';

const namesKey = 'b24:names';

const maxCachedNames = 20_000;

export interface PortalNamesOptions {
  readonly redis: StoreConnection;
  readonly source: InvalidationSource;
  readonly clock: Clock;
}

/**
 * The names that resolve to portals: aliases, domains and former domains. All are one key, so any change of it drops all
 * names from memory. Methods throw what Redis throws.
 */
export class PortalNames {
  private readonly redis: StoreConnection;
  private readonly cache: InvalidatedCache<PortalId>;

  constructor(
    options: PortalNamesOptions,
    private readonly record: (portal: PortalId) => Promise<PortalRecord | undefined>,
  ) {
    this.redis = options.redis;
    this.cache = new InvalidatedCache<PortalId>({ ...options, maxEntries: maxCachedNames }, (redisKey) => {
      if (redisKey === namesKey) this.cache.flush();
    });
  }

  /** @param name in lower case */
  find(name: string): Promise<PortalId | undefined> {
    return this.read(this.redis, name);
  }

  /** Like `find`, from memory where it can. */
  findCached(name: string): Promise<PortalId | undefined> {
    return this.cache.get(name, async (redis) => {
      const value = await this.read(redis, name);
      return value && { value };
    });
  }

  /** Like `find`, from memory only. */
  peek(name: string): PortalId | undefined {
    return this.cache.peek(name);
  }

  async resolvesTo(name: string, portal: PortalId): Promise<boolean> {
    return (await this.find(name)) === portal;
  }

  /** @throws Fault alias_taken when another portal has the name */
  async claim(name: string, portal: PortalId): Promise<void> {
    await this.write(() => this.redis.hsetnx(namesKey, name, portal));
    if (await this.resolvesTo(name, portal)) return;
    if (!(await this.isFree(name, portal))) throw new Fault('alias_taken');
    // Left by a replica that died between two writes; the caller verifies in the end that the name is still theirs.
    await this.write(() => this.redis.hset(namesKey, name, portal));
  }

  /**
   * Makes the domain resolve to the portal, and drops all but its latest former domains. A portal that waits for approval
   * takes no name from a portal that still has it.
   */
  async moveDomain(portal: PortalId, before: PortalRecord | undefined, to: string, waits: boolean): Promise<void> {
    const stored = formerDomains(before, to);
    for (const name of before?.formerDomains ?? [])
      if (name !== to && !stored.includes(name)) await this.release(name, portal);
    if (await this.resolvesTo(to, portal)) return; // each write drops all names from the memory of all replicas
    if (!waits || (await this.isFree(to, portal))) await this.write(() => this.redis.hset(namesKey, to, portal));
  }

  /** Removes the name if it resolves to this portal. */
  async release(name: string | undefined, portal: PortalId): Promise<void> {
    if (name && (await this.resolvesTo(name, portal))) await this.write(() => this.redis.hdel(namesKey, name));
  }

  private async read(redis: StoreConnection, name: string): Promise<PortalId | undefined> {
    return ((await redis.hget(namesKey, name)) ?? undefined) as PortalId | undefined;
  }

  private async write(change: () => Promise<unknown>): Promise<void> {
    this.cache.flush();
    try {
      await change();
    } finally {
      this.cache.flush();
    }
  }

  /** Returns whether no other portal has the name. */
  private async isFree(name: string, portal: PortalId): Promise<boolean> {
    const owner = await this.find(name);
    const other = owner && owner !== portal ? await this.record(owner) : undefined;
    return !other || !hasName(other, name);
  }
}

/** Returns whether the name is an alias, domain or former domain of the portal. */
export function hasName({ alias, domain, formerDomains: former = [] }: PortalRecord, name: string): boolean {
  return [alias, domain, ...former].includes(name);
}
