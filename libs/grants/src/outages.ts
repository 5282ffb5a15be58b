import type { Clock, Fault, PortalId } from '@b24/portal';
import type { GrantStore } from './grant-store';
import { troubleAfter } from './trouble';

/** Notes which portals are down. It keeps no call away: circuits do that, on each replica for itself. */
export class Outages {
  constructor(
    private readonly store: GrantStore,
    private readonly clock: Clock,
  ) {}

  /** Whoever gets an answer next, on whichever replica, ends it. Never rejects. */
  async note(portal: PortalId, { message }: Fault): Promise<void> {
    try {
      const grant = await this.store.load(portal);
      const other = grant?.trouble !== undefined && grant.trouble.code !== 'portal_unreachable';
      if (!grant || other) return;
      const found = { code: 'portal_unreachable', detail: message, restMs: 0 } as const;
      await this.store.trouble(portal, grant.version, troubleAfter(grant.trouble, found, this.clock.now()));
    } catch {
      // Without the store nobody can be told either.
    }
  }
}
