import { Fault, type PortalId } from '@b24/portal';
import type { Cluster, Redis } from 'ioredis';
import { formerDomains } from './former-domains';
import type { PortalRecord } from './install';

const namesKey = 'b24:names';

/**
 * The names that resolve to portals: aliases, domains and former domains. Methods throw what Redis throws.
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
    // Left by a replica that died between two writes; the caller verifies in the end that the name is still theirs.
    await this.redis.hset(namesKey, name, portal);
  }

  /**
   * Makes the domain resolve to the portal, and drops all but its latest former domains. A portal that waits for approval
   * takes no name from a portal that still has it.
   */
  async moveDomain(portal: PortalId, before: PortalRecord | undefined, to: string, waits: boolean): Promise<void> {
    const stored = formerDomains(before, to);
    for (const name of before?.formerDomains ?? [])
      if (name !== to && !stored.includes(name)) await this.release(name, portal);
    if (!waits || (await this.isFree(to, portal))) await this.redis.hset(namesKey, to, portal);
  }

  /** Removes the name if it resolves to this portal. */
  async release(name: string | undefined, portal: PortalId): Promise<void> {
    if (name && (await this.resolvesTo(name, portal))) await this.redis.hdel(namesKey, name);
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
