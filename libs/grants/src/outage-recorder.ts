import type { Clock, Fault, PortalId } from '@b24/portal';
import type { GrantStore } from './grant-store';
import { nextIssue } from './grant-issue';

/** Records which portals are unreachable. It blocks no call: each replica's circuit breaker does that. */
export class OutageRecorder {
  constructor(
    private readonly store: GrantStore,
    private readonly clock: Clock,
  ) {}

  /** Records an outage; the next answer on any replica clears it. Never rejects. */
  async record(portal: PortalId, { message }: Fault): Promise<void> {
    try {
      const grant = await this.store.load(portal);
      const other = grant?.issue !== undefined && grant.issue.code !== 'portal_unreachable';
      if (!grant || other) return;
      const found = { code: 'portal_unreachable', detail: message, backoffMs: 0 } as const;
      await this.store.recordIssue(portal, grant.version, nextIssue(grant.issue, found, this.clock.now()));
    } catch {
      // The store is unavailable, so the outage cannot be recorded.
    }
  }
}
