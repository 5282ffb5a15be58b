import { randomUUID } from 'node:crypto';
import { asFault, type Clock, type FaultCode, type PortalId } from '@b24/portal';
import { Poller } from '@b24/redis';
import type { FreshGrants } from './fresh-grants';
import type { GrantStore } from './grant-store';
import { jitteredSavedAtMs } from './jittered-saved-at';

const everyMs = 60_000;
/** Refreshes a minute, over all replicas: 10,000 idle portals take their turn within six hours. */
const maxRefreshesPerRound = 30;
/** One replica looks; should it be gone, another does after this. */
const leaderLeaseMs = 2.5 * everyMs;
const minRetryMs = 3_600_000;
const maxRetryMs = 3 * 24 * minRetryMs;

export interface KeepAliveOptions {
  readonly store: GrantStore;
  readonly grants: Pick<FreshGrants, 'keepAlive'>;
  readonly clock: Clock;
  /** A pair is refreshed when it was not for so long. */
  readonly maxIdleMs: number;
  /** Told of each portal whose pair was due. */
  readonly onChecked: (portal: PortalId, outcome: 'kept' | 'gone' | FaultCode) => void;
}

/**
 * Keeps the grants of portals alive that nobody calls: a refresh token dies after 180 days. One timer a replica; the one
 * that has the duty asks the store which pairs are due, and refreshes them one after the other.
 */
export class KeepAlive {
  private readonly holder = randomUUID();
  private readonly poller: Poller;

  constructor(private readonly options: KeepAliveOptions) {
    this.poller = new Poller({ clock: options.clock, everyMs, run: () => this.round() });
  }

  start(): void {
    this.poller.start('later');
  }

  /** Begins no further refresh; one under way is FreshGrants' to finish. */
  stop(): void {
    this.poller.stop();
    void this.options.store.releaseLease('keep-alive', this.holder).catch(() => undefined);
  }

  /** Never rejects. */
  private async round(): Promise<void> {
    const { store, clock, maxIdleMs: afterMs } = this.options;
    try {
      if (!(await this.isLeader())) return;
      const notSinceMs = clock.now() - afterMs;
      for (const portal of await store.listIdle({ notSinceMs, limit: maxRefreshesPerRound })) {
        if (this.poller.isStopped || !(await this.isLeader()) || !(await this.refreshIfDue(portal, notSinceMs))) return;
      }
    } catch {
      // Without the store there is nothing to be done this time.
    }
  }

  private isLeader(): Promise<boolean> {
    return this.options.store.acquireLease('keep-alive', this.holder, leaderLeaseMs);
  }

  /** False when the authorization server fails, so that the others are not asked about now. */
  private async refreshIfDue(portal: PortalId, notSinceMs: number): Promise<boolean> {
    const { store, grants, onChecked: seen } = this.options;
    try {
      const savedAtMs = await grants.keepAlive(portal, notSinceMs);
      await store.postpone(portal, savedAtMs === undefined ? null : jitteredSavedAtMs(portal, savedAtMs));
      seen(portal, savedAtMs === undefined ? 'gone' : 'kept');
      return true;
    } catch (error) {
      const { code } = asFault(error);
      seen(portal, code);
      await this.postpone(portal);
      return code !== 'authorization_server_error';
    }
  }

  /** One that fails is tried after as long again as it has been due: an hour at least, three days at most. */
  private async postpone(portal: PortalId): Promise<void> {
    const { store, clock, maxIdleMs: afterMs } = this.options;
    const grant = await store.load(portal);
    const now = clock.now();
    const savedAtMs = grant?.refreshedAtMs ?? grant?.family?.grantedAtMs ?? grant?.installedAtMs ?? now;
    const dueForMs = now - afterMs - jitteredSavedAtMs(portal, savedAtMs);
    const restMs = Math.min(Math.max(dueForMs, minRetryMs), maxRetryMs);
    await store.postpone(portal, now + restMs - afterMs);
  }
}
