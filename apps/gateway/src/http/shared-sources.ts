import { isPublicAddress } from '@b24/upstream';

/** Number of different names after which an address counts as a proxy. */
const suspicious = 20;
/** Maximum addresses in memory. The oldest is dropped first. */
const maxAddresses = 200;

/**
 * Detects a proxy that hides the addresses of callers. If many verified portals and keys share one private address, there
 * is a proxy that TRUSTED_PROXIES does not name or that does not forward X-Forwarded-For, and they share their budgets
 * with any attacker. Per replica, in bounded memory.
 */
export class SharedSources {
  private readonly seen = new Map<string, Set<string>>();

  /** @param warn called once for each such address while it is in memory */
  constructor(private readonly warn: (address: string) => void) {}

  /** @param name of a portal or a client, of one kind or the other */
  proven(address: string, name: string): void {
    if (isPublicAddress(address)) return;
    const names = this.seen.get(address) ?? new Set<string>();
    if (names.size >= suspicious) return;
    names.add(name);
    this.seen.set(address, names);
    if (names.size === suspicious) this.warn(address);
    const [oldest] = this.seen.keys();
    if (this.seen.size > maxAddresses && oldest !== undefined) this.seen.delete(oldest);
  }
}
