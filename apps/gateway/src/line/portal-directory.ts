import type { GrantStore } from '@b24/grants';
import { Fault, type PortalId } from '@b24/portal';

/** Finds portals by name. */
export class PortalDirectory {
  constructor(private readonly store: Pick<GrantStore, 'findCached' | 'peekId'>) {}

  /** Finds a portal in memory; otherwise `find` decides. */
  findKnown(name: string): PortalId | undefined {
    return this.store.peekId(name);
  }

  /** Finds a portal. @param name a member id, an alias or a domain. @throws Fault portal_not_found, store_unavailable */
  async find(name: string): Promise<PortalId> {
    const portal = await this.store.findCached(name);
    if (!portal) throw new Fault('portal_not_found');
    return portal;
  }
}
