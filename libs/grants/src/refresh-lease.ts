import { randomUUID } from 'node:crypto';
import { type Clock, type PortalId, sleep } from '@b24/portal';
import { heartbeat } from '@b24/redis';
import type { GrantStore } from './grant-store';
import type { Grant, TokenRejection } from './install';

/** Renewed while the refresh runs; short, so that a killed holder does not block its portal for the length of a refresh. */
const leaseMs = 8000;
const renewLeaseEveryMs = 2000;
const pollEveryMs = 60;
/** How long to wait for another replica that may hold a refreshed but unsaved pair (it retries the save every second). */
const unsavedPairMs = 3000;

/** Extends the lease; resolves to false when another holder has it. */
export type ExtendLease = () => Promise<boolean>;

/** When a refresh is due, and how the grant is loaded to find out. */
export interface RefreshCondition {
  /** Returns why the grant needs a refresh; undefined when it needs none. */
  readonly dueReason: (grant: Grant) => TokenRejection['reason'] | undefined;
  readonly load: (portal: PortalId) => Promise<Grant>;
}

export interface RefreshLeaseOptions {
  readonly store: GrantStore;
  readonly clock: Clock;
}

/**
 * Lets one holder in all replicas refresh a portal's pair at a time (docs/decisions/0011).
 * load → due? → lease → load again → still due? → refresh → compare-and-set → release
 */
export class RefreshLease {
  constructor(private readonly options: RefreshLeaseOptions) {}

  /**
   * Runs `refresh` under the portal's lease if a refresh is still due then. A running refresh is never cut short: it has
   * spent the old pair, so the new one must be saved.
   * @throws Fault what `load` and `refresh` throw, store_unavailable
   */
  async run(
    portal: PortalId,
    { dueReason, load }: RefreshCondition,
    refresh: (grant: Grant, reason: TokenRejection['reason'], extend: ExtendLease) => Promise<void>,
  ): Promise<void> {
    const { store, clock } = this.options;
    const holder = randomUUID();
    const extend = () => store.acquireLease(portal, holder, leaseMs);
    while (!(await extend())) {
      await sleep(clock, pollEveryMs);
      if (!dueReason(await load(portal))) return;
    }
    const stopRenewing = heartbeat({ clock, everyMs: renewLeaseEveryMs, renew: extend });
    try {
      const grant = await this.loadSaved(portal, load);
      const reason = dueReason(grant);
      if (reason && (await extend())) await refresh(grant, reason, extend);
    } finally {
      stopRenewing();
      // A lease that cannot be released expires.
      await store.releaseLease(portal, holder).catch(() => undefined);
    }
  }

  /**
   * Loads the grant once no other replica may hold a newer, unsaved pair. A replica that announced a refresh and did not
   * report it may be dead, or may wait for the store; refreshing with the spent token would look like a dead grant.
   */
  private async loadSaved(portal: PortalId, load: RefreshCondition['load']): Promise<Grant> {
    const { clock } = this.options;
    const untilMs = clock.now() + unsavedPairMs;
    let grant = await load(portal);
    while (grant.refreshingVersion === grant.version && clock.now() < untilMs) {
      await sleep(clock, pollEveryMs);
      grant = await load(portal);
    }
    return grant;
  }
}
