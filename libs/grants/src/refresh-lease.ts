import { randomUUID } from 'node:crypto';
import { type Clock, type PortalId, sleep } from '@b24/portal';
import { heartbeat } from '@b24/redis';
import type { GrantStore } from './grant-store';
import type { Grant, TokenRejection } from './install';

/** Renewed while the refresh runs. A killed holder delays its portal by the lease and the pause after it: 3 s. */
const leaseMs = 2000;
const renewLeaseEveryMs = 500;
const pollEveryMs = 60;
/** How long a lease stays free for a holder that may have a refreshed, unsaved pair: two of its renewals. */
const unsavedPairMs = 1000;

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
 * lease → load → still due, and no other's refresh unsaved? → refresh → compare-and-set → release
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
    const holder = randomUUID();
    let awaited: number | undefined;
    while (await this.acquire(portal, holder, { dueReason, load })) {
      const unsaved = await this.underLease(portal, holder, async (extend) => {
        const grant = await load(portal);
        const reason = dueReason(grant);
        if (reason && mayBeUnsaved(grant) && grant.version !== awaited) return grant;
        if (reason && (await extend())) await refresh(grant, reason, extend);
        return undefined;
      });
      if (!unsaved) return;
      await this.awaitSave(portal, unsaved, load);
      awaited = unsaved.version;
    }
  }

  /** Waits for the lease. Resolves to false when no refresh is due any more. */
  private async acquire(portal: PortalId, holder: string, { dueReason, load }: RefreshCondition): Promise<boolean> {
    const { store, clock } = this.options;
    while (!(await store.acquireLease(portal, holder, leaseMs))) {
      await sleep(clock, pollEveryMs);
      if (!dueReason(await load(portal))) return false;
    }
    return true;
  }

  private async underLease<T>(portal: PortalId, holder: string, work: (extend: ExtendLease) => Promise<T>): Promise<T> {
    const { store, clock } = this.options;
    const extend = () => store.acquireLease(portal, holder, leaseMs);
    const stopRenewing = heartbeat({ clock, everyMs: renewLeaseEveryMs, renew: extend });
    try {
      return await work(extend);
    } finally {
      stopRenewing();
      // A lease that cannot be released expires.
      await store.releaseLease(portal, holder).catch(() => undefined);
    }
  }

  /**
   * Leaves the lease free until another replica has saved the pair that it announced, or for as long as a living one needs
   * to take its lease back, which it lost while it was frozen or could not reach the store. A refresh with the token that it
   * has spent would look like a dead grant. A replica that dies during this pause delays nobody.
   */
  private async awaitSave(portal: PortalId, { version }: Grant, load: RefreshCondition['load']): Promise<void> {
    const { clock } = this.options;
    const untilMs = clock.now() + unsavedPairMs;
    while (clock.now() < untilMs) {
      await sleep(clock, pollEveryMs);
      if ((await load(portal)).refreshingVersion !== version) return;
    }
  }
}

/** Whether a refresh of the stored pair was announced and has not been reported. */
function mayBeUnsaved({ refreshingVersion, version }: Grant): boolean {
  return refreshingVersion === version;
}
