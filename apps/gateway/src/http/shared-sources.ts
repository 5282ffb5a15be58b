import { isPublicAddress } from '@b24/upstream';

/** Different names that one address may have before it is taken for a proxy. */
const suspicious = 20;
/** Addresses kept in mind; the one that came first is forgotten first. */
const maxAddresses = 200;

/**
 * Notices a proxy that hides who comes. Portals and keys that proved themselves and all come from one private address are behind
 * a proxy that TRUSTED_PROXIES does not name, or that does not pass X-Forwarded-For on: its budgets are then shared with
 * whoever floods. In bounded memory, on this replica.
 */
export class SharedSources {
  private readonly seen = new Map<string, Set<string>>();

  /** @param warn called once for each such address, as long as it is kept in mind */
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
