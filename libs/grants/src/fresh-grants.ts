import { randomUUID } from 'node:crypto';
import { asFault, Fault, type PortalId, sleep } from '@b24/portal';
import { heartbeat } from '@b24/redis';
import { defaultApp } from './app';
import { TokenRefresh, type TokenRefreshOptions } from './token-refresh';
import { jitteredSavedAtMs } from './jittered-saved-at';
import type { Grant, TokenRejection, GrantIssue } from './install';

/**
 * Renewed until the request and the save are over, so that a second refresh never starts beside a living first; short,
 * so that a killed holder's portal does not wait for as long as a refresh may take.
 */
const leaseMs = 8000;
const renewLeaseEveryMs = 2000;
const askLeaseEveryMs = 60;
const refreshAheadMs = 60_000;
/** For so long a pair that may wait to be saved is waited for; whoever holds it tries every second. */
const unreportedMs = 3000;

export interface FreshGrantsOptions extends TokenRefreshOptions {
  /** Where a person authorizes the portal again. */
  readonly authorizeUrl: (portal: Pick<Grant, 'domain' | 'app'>) => string;
}

/** When and how a refresh is due, and how the grant is read for it. */
interface Occasion {
  readonly due: (grant: Grant) => TokenRejection['reason'] | undefined;
  readonly look: (portal: PortalId) => Promise<Grant>;
}

/**
 * Keeps token pairs fresh: once per expiry, however many callers and replicas ask.
 * load → stale? → lease → load again → stale? → refresh → compare-and-set → release
 */
export class FreshGrants {
  private readonly underWay = new Map<PortalId, Promise<void>>();
  /** Portals whose last refresh got no verdict, and until when that is not tried again. */
  private readonly resting = new Map<PortalId, { readonly fault: Fault; readonly untilMs: number }>();
  private readonly renewal: TokenRefresh;

  constructor(private readonly options: FreshGrantsOptions) {
    this.renewal = new TokenRefresh(options);
  }

  /**
   * Resolves with the portal's grant when it has a pair that can be sent.
   * @throws Fault portal_not_found, portal_waiting, portal_suspended, what the grant's issue says, authorization_server_error,
   * store_unavailable
   */
  async ensure(portal: PortalId): Promise<Grant> {
    let grant = await this.usable(portal);
    if (this.refreshReason(grant)) {
      this.checkRest(portal);
      await this.refreshShared(portal, { due: (it) => this.refreshReason(it), look: (it) => this.usable(it) });
      grant = await this.usable(portal);
    }
    return grant;
  }

  /**
   * Refreshes a pair that is not used, if none was saved since then. Resolves with when one was saved; undefined when
   * there is nothing to keep alive until an install. @throws what `ensure` throws
   */
  async keepAlive(portal: PortalId, notSinceMs: number): Promise<number | undefined> {
    const { store } = this.options;
    const look = async () => {
      const grant = await store.load(portal);
      if (!grant) throw new Fault('portal_not_found');
      return grant;
    };
    const due = (grant: Grant) => {
      const isIdle = jitteredSavedAtMs(portal, savedAtMs(grant)) <= notSinceMs;
      return grant.pair && isIdle && !isOver(grant) ? (this.refreshReason(grant) ?? 'token') : undefined;
    };
    const before = await store.load(portal);
    if (before && due(before)) await this.refreshShared(portal, { due, look });
    const grant = await store.load(portal);
    if (!grant?.pair || isOver(grant)) return undefined;
    if (due(grant) && grant.issue) this.throwUnlessDue(grant, grant.issue);
    return savedAtMs(grant);
  }

  /** The grant, if nothing speaks against its use. */
  async usable(portal: PortalId): Promise<Grant> {
    const grant = await this.options.store.load(portal);
    if (!grant) throw new Fault('portal_not_found');
    if (grant.waitingSinceMs !== undefined) throw new Fault('portal_waiting');
    if (grant.suspended) throw new Fault('portal_suspended');
    if (grant.issue) this.throwUnlessDue(grant, grant.issue);
    if (!grant.pair && !grant.webhook) throw this.reauthorization(grant);
    return grant;
  }

  /** Waits for the refreshes under way, whose answers must not be lost. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.underWay.values());
  }

  reauthorization(grant: Pick<Grant, 'domain' | 'kind' | 'app'>, detail?: string): Fault {
    const webhook = 'The portal no longer takes the incoming webhook; make a new one there and POST it to /v1/portals.';
    return new Fault('reauthorization_required', {
      detail: detail ?? (grant.kind === 'webhook' ? webhook : 'Open `authorizeUrl` as an administrator of the portal.'),
      authorizeUrl: this.options.authorizeUrl(grant),
    });
  }

  /** By our own clock the pair is over, or about to be. */
  isExpiring({ pair }: Pick<Grant, 'pair'>): boolean {
    if (!pair) return false;
    const aheadMs = Math.min(refreshAheadMs, pair.lifetimeMs / 10);
    return pair.expiresAtMs - this.options.clock.now() <= aheadMs;
  }

  private refreshReason({ pair, version, rejection }: Grant): TokenRejection['reason'] | undefined {
    if (!pair) return undefined;
    if (rejection?.version === version) return rejection.reason;
    return this.isExpiring({ pair }) ? 'token' : undefined;
  }

  private throwUnlessDue(grant: Grant, { code, detail, untilMs }: GrantIssue): void {
    const now = this.options.clock.now();
    if (untilMs !== undefined && untilMs <= now) return;
    if (code === 'reauthorization_required') throw this.reauthorization(grant, detail);
    throw new Fault(code, { detail, ...(untilMs !== undefined && { retryAfterMs: untilMs - now }) });
  }

  private refreshShared(portal: PortalId, occasion: Occasion): Promise<void> {
    let refresh = this.underWay.get(portal);
    if (!refresh) {
      refresh = this.refreshOnce(portal, occasion)
        .catch((error: unknown) => this.rest(portal, asFault(error)))
        .finally(() => this.underWay.delete(portal));
      this.underWay.set(portal, refresh);
    }
    return refresh;
  }

  /** A server that gave no verdict is not asked again about this portal for as long as callers are told to wait. */
  private rest(portal: PortalId, fault: Fault): never {
    if (fault.code === 'authorization_server_error')
      this.resting.set(portal, { fault, untilMs: this.options.clock.now() + (fault.retryAfterMs ?? 0) });
    throw fault;
  }

  private checkRest(portal: PortalId): void {
    const rest = this.resting.get(portal);
    const retryAfterMs = (rest?.untilMs ?? 0) - this.options.clock.now();
    if (rest && retryAfterMs > 0 && !this.underWay.has(portal)) throw rest.fault.with({ retryAfterMs });
    this.resting.delete(portal);
  }

  /** Runs to its end whoever waits for it: a rotated pair must be saved. */
  private async refreshOnce(portal: PortalId, { due, look }: Occasion): Promise<void> {
    const { store, clock } = this.options;
    const holder = randomUUID();
    const lease = () => store.acquireLease(portal, holder, leaseMs);
    while (!(await lease())) {
      await sleep(clock, askLeaseEveryMs);
      if (!due(await look(portal))) return;
    }
    const letGo = heartbeat({ clock, everyMs: renewLeaseEveryMs, renew: lease });
    try {
      const grant = await this.reported(portal, look);
      const why = due(grant);
      if (why && (await lease())) await this.renew(grant, why, lease);
    } finally {
      letGo();
      // A lease that can't be released ends by itself.
      await store.releaseLease(portal, holder).catch(() => undefined);
    }
  }

  private async renew(grant: Grant, why: TokenRejection['reason'], lease: () => Promise<boolean>): Promise<void> {
    try {
      await this.renewal.run(grant, why, lease);
    } catch (error) {
      if (asFault(error).code !== 'app_not_found') throw error;
      // Not a issue of the grant: it is as good as ever once the app is back.
      const { domain, kind, app = defaultApp } = grant;
      throw this.reauthorization({ domain, kind }, appGone(app));
    }
  }

  /**
   * The grant, once nobody else may hold a newer pair of it. Who began a refresh and did not report may be gone, or wait
   * for the store to save what the refresh brought; asking again with the spent token would look like a dead grant.
   */
  private async reported(portal: PortalId, look: Occasion['look']): Promise<Grant> {
    const { clock } = this.options;
    const untilMs = clock.now() + unreportedMs;
    let grant = await look(portal);
    while (grant.refreshingVersion === grant.version && clock.now() < untilMs) {
      await sleep(clock, askLeaseEveryMs);
      grant = await look(portal);
    }
    return grant;
  }
}

function appGone(app: string): string {
  const back = app === defaultApp ? 'set B24_CLIENT_ID and B24_CLIENT_SECRET' : 'register it again with POST /v1/apps';
  return `The app that the portal belongs to (${app}) is not known here any more: ${back}, or install another app.`;
}

/** Only an install brings it back. */
function isOver({ issue }: Grant): boolean {
  return issue !== undefined && issue.untilMs === undefined;
}

function savedAtMs({ refreshedAtMs, family, installedAtMs }: Grant): number {
  return refreshedAtMs ?? family?.grantedAtMs ?? installedAtMs;
}
