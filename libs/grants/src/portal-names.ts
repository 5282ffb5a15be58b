import { Fault, type PortalId } from '@b24/portal';
import type { Cluster, Redis } from 'ioredis';
import { formerDomains } from './former-domains';
import type { PortalRecord } from './install';

const namesKey = 'b24:names';

/**
 * The names that lead to portals: aliases, domains, and the domains that portals were renamed from. Methods throw what Redis
 * throws.
 */
export class PortalNames {
  constructor(
    private readonly redis: Redis | Cluster,
    private readonly record: (portal: PortalId) => Promise<PortalRecord | undefined>,
  ) {}

  /** @param name in lower case */
  async find(name: string): Promise<PortalId | undefined> {
    return ((await this.redis.hget(namesKey, name)) ?? undefined) as PortalId | undefined;
  }

  async resolvesTo(name: string, portal: PortalId): Promise<boolean> {
    return (await this.find(name)) === portal;
  }

  /** @throws Fault alias_taken when another portal has the name */
  async claim(name: string, portal: PortalId): Promise<void> {
    await this.redis.hsetnx(namesKey, name, portal);
    if (await this.resolvesTo(name, portal)) return;
    if (!(await this.isFree(name, portal))) throw new Fault('alias_taken');
    // Left behind by a replica that died between two keys; whoever claims looks whether it is still theirs in the end.
    await this.redis.hset(namesKey, name, portal);
  }

  /**
   * The domain leads to the portal, and so do the few domains it left last. A portal that waits to be admitted takes no name
   * from another that is still known by it.
   */
  async moveDomain(portal: PortalId, before: PortalRecord | undefined, to: string, waits: boolean): Promise<void> {
    const kept = formerDomains(before, to);
    for (const name of before?.formerDomains ?? [])
      if (name !== to && !kept.includes(name)) await this.release(name, portal);
    if (!waits || (await this.isFree(to, portal))) await this.redis.hset(namesKey, to, portal);
  }

  /** Removes the name, if it leads to this portal. */
  async release(name: string | undefined, portal: PortalId): Promise<void> {
    if (name && (await this.resolvesTo(name, portal))) await this.redis.hdel(namesKey, name);
  }

  /** No other portal is known by it. */
  private async isFree(name: string, portal: PortalId): Promise<boolean> {
    const owner = await this.find(name);
    const other = owner && owner !== portal ? await this.record(owner) : undefined;
    return !other || !hasName(other, name);
  }
}

export function hasName({ alias, domain, formerDomains: former = [] }: PortalRecord, name: string): boolean {
  return [alias, domain, ...former].includes(name);
}
