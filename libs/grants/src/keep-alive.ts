import { randomUUID } from 'node:crypto';
import { asFault, type Clock, type FaultCode, type PortalId } from '@b24/portal';
import type { FreshGrants } from './fresh-grants';
import type { GrantStore } from './grant-store';
import { savedAsOfMs } from './idle';

const everyMs = 60_000;
/** Refreshes a minute, over all replicas: 10,000 idle portals take their turn within six hours. */
const mostARound = 30;
/** One replica looks; should it be gone, another does after this. */
const dutyMs = 2.5 * everyMs;
const shortestRestMs = 3_600_000;
const longestRestMs = 3 * 24 * shortestRestMs;

export interface KeepAliveOptions {
  readonly store: GrantStore;
  readonly grants: Pick<FreshGrants, 'keepAlive'>;
  readonly clock: Clock;
  /** A pair is refreshed when it was not for so long. */
  readonly afterMs: number;
  /** Told of each portal whose pair was due. */
  readonly seen: (portal: PortalId, outcome: 'kept' | 'gone' | FaultCode) => void;
}

/**
 * Keeps the grants of portals alive that nobody calls: a refresh token dies after 180 days. One timer a replica; the one
 * that has the duty asks the store which pairs are due, and refreshes them one after the other.
 */
export class KeepAlive {
  private readonly holder = randomUUID();
  private callOff: (() => void) | undefined;
  private stopped = false;

  constructor(private readonly options: KeepAliveOptions) {}

  start(): void {
    this.callOff = this.options.clock.after(everyMs, () => {
      void this.round().finally(() => {
        if (!this.stopped) this.start();
      });
    });
  }

  /** Begins no further refresh; one under way is FreshGrants' to finish. */
  stop(): void {
    this.stopped = true;
    this.callOff?.();
    void this.options.store.release('keep-alive', this.holder).catch(() => undefined);
  }

  /** Never rejects. */
  private async round(): Promise<void> {
    const { store, clock, afterMs } = this.options;
    try {
      if (!(await this.onDuty())) return;
      const notSinceMs = clock.now() - afterMs;
      for (const portal of await store.idle({ notSinceMs, limit: mostARound })) {
        if (this.stopped || !(await this.onDuty()) || !(await this.keep(portal, notSinceMs))) return;
      }
    } catch {
      // Without the store there is nothing to be done this time.
    }
  }

  private onDuty(): Promise<boolean> {
    return this.options.store.lease('keep-alive', this.holder, dutyMs);
  }

  /** False when the authorization server fails, so that the others are not asked about now. */
  private async keep(portal: PortalId, notSinceMs: number): Promise<boolean> {
    const { store, grants, seen } = this.options;
    try {
      const savedAtMs = await grants.keepAlive(portal, notSinceMs);
      await store.putOff(portal, savedAtMs === undefined ? null : savedAsOfMs(portal, savedAtMs));
      seen(portal, savedAtMs === undefined ? 'gone' : 'kept');
      return true;
    } catch (error) {
      const { code } = asFault(error);
      seen(portal, code);
      await this.putOff(portal);
      return code !== 'authorization_server_error';
    }
  }

  /** One that fails is tried after as long again as it has been due: an hour at least, three days at most. */
  private async putOff(portal: PortalId): Promise<void> {
    const { store, clock, afterMs } = this.options;
    const grant = await store.load(portal);
    const now = clock.now();
    const savedAtMs = grant?.refreshedAtMs ?? grant?.chain?.grantedAtMs ?? grant?.installedAtMs ?? now;
    const dueForMs = now - afterMs - savedAsOfMs(portal, savedAtMs);
    const restMs = Math.min(Math.max(dueForMs, shortestRestMs), longestRestMs);
    await store.putOff(portal, now + restMs - afterMs);
  }
}
