import { randomUUID } from 'node:crypto';
import { asFault, type Clock, type FaultCode, type PortalId } from '@b24/portal';
import { Poller } from '@b24/redis';
import type { FreshGrants } from './fresh-grants';
import type { GrantStore } from './grant-store';
import { jitteredSavedAtMs } from './jittered-saved-at';

const everyMs = 60_000;
/** Refreshes per minute over all replicas: 10,000 idle portals are refreshed within six hours. */
const maxRefreshesPerRound = 30;
/** If the leading replica dies, another takes over after this time. */
const leaderLeaseMs = 2.5 * everyMs;
const minRetryMs = 3_600_000;
const maxRetryMs = 3 * 24 * minRetryMs;

export interface KeepAliveOptions {
  readonly store: GrantStore;
  readonly grants: Pick<FreshGrants, 'keepAlive'>;
  readonly clock: Clock;
  /** A pair that was not refreshed for this long is refreshed. */
  readonly maxIdleMs: number;
  /** Called for each portal whose pair was due. */
  readonly onChecked: (portal: PortalId, outcome: 'kept' | 'gone' | FaultCode) => void;
}

/**
 * Refreshes the pairs of portals that nobody calls, because a refresh token expires after 180 days. Every replica has a
 * timer; the leading one asks the store which pairs are due and refreshes them one after the other.
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

  /** Starts no further refresh; FreshGrants finishes the one in flight. */
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
      // The store is unavailable; the next round tries again.
    }
  }

  private isLeader(): Promise<boolean> {
    return this.options.store.acquireLease('keep-alive', this.holder, leaderLeaseMs);
  }

  /** Returns false when the authorization server fails, so that this round ends. */
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

  /** Retries a failed refresh after as long as it has been due: at least an hour, at most three days. */
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
