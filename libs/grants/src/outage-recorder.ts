import type { Clock, Fault, PortalId } from '@b24/portal';
import type { GrantStore } from './grant-store';
import { nextIssue } from './grant-issue';

/** Notes which portals are down. It keeps no call away: circuits do that, on each replica for itself. */
export class OutageRecorder {
  constructor(
    private readonly store: GrantStore,
    private readonly clock: Clock,
  ) {}

  /** Whoever gets an answer next, on whichever replica, ends it. Never rejects. */
  async record(portal: PortalId, { message }: Fault): Promise<void> {
    try {
      const grant = await this.store.load(portal);
      const other = grant?.issue !== undefined && grant.issue.code !== 'portal_unreachable';
      if (!grant || other) return;
      const found = { code: 'portal_unreachable', detail: message, backoffMs: 0 } as const;
      await this.store.recordIssue(portal, grant.version, nextIssue(grant.issue, found, this.clock.now()));
    } catch {
      // Without the store nobody can be told either.
    }
  }
}
