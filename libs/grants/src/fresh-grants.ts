import { asFault, Fault, type PortalId } from '@b24/portal';
import { defaultApp } from './app';
import type { Grant, GrantIssue, TokenRejection } from './install';
import { jitteredSavedAtMs } from './jittered-saved-at';
import { type ExtendLease, type RefreshCondition, RefreshLease } from './refresh-lease';
import { TokenRefresh, type TokenRefreshOptions } from './token-refresh';

/** A pair is refreshed this long before it expires, or in the last tenth of its lifetime if that is shorter. */
const refreshAheadMs = 60_000;

export interface FreshGrantsOptions extends TokenRefreshOptions {
  /** Returns the link at which an administrator authorizes the portal again. */
  readonly authorizeUrl: (portal: Pick<Grant, 'domain' | 'app'>) => string;
}

/** Keeps token pairs fresh: refreshes a pair once per expiry, however many callers and replicas need it. */
export class FreshGrants {
  private readonly inFlight = new Map<PortalId, Promise<void>>();
  /** Portals whose last refresh failed at the authorization server, and until when no other is tried. */
  private readonly backoffs = new Map<PortalId, { readonly fault: Fault; readonly untilMs: number }>();
  private readonly lease: RefreshLease;
  private readonly tokenRefresh: TokenRefresh;

  constructor(private readonly options: FreshGrantsOptions) {
    this.lease = new RefreshLease(options);
    this.tokenRefresh = new TokenRefresh(options);
  }

  /**
   * Returns the portal's grant with a pair that can be sent, refreshed if necessary.
   * @throws Fault portal_not_found, portal_waiting, portal_suspended, the code of the grant's issue,
   * authorization_server_error, store_unavailable
   */
  async ensure(portal: PortalId): Promise<Grant> {
    const grant = await this.usable(portal);
    if (!this.refreshReason(grant)) return grant;
    this.throwWhileBackingOff(portal);
    await this.refreshShared(portal, {
      dueReason: (it) => this.refreshReason(it),
      load: (it) => this.usableNow(it),
    });
    return this.usableNow(portal);
  }

  /** Returns the grant if it is in memory and can be sent as it is; otherwise `ensure` decides. */
  ready(portal: PortalId): Grant | undefined {
    const grant = this.options.store.peek(portal);
    return grant && isUsable(grant) && !this.refreshReason(grant) ? grant : undefined;
  }

  /**
   * Refreshes an unused pair if none was saved since `notSinceMs`. Returns when the last pair was saved (unix ms);
   * undefined when there is no grant to keep alive until the next install.
   * @throws Fault what `ensure` throws
   */
  async keepAlive(portal: PortalId, notSinceMs: number): Promise<number | undefined> {
    const { store } = this.options;
    const load = async () => {
      const grant = await store.load(portal);
      if (!grant) throw new Fault('portal_not_found');
      return grant;
    };
    const dueReason = (grant: Grant) => {
      const isIdle = jitteredSavedAtMs(portal, savedAtMs(grant)) <= notSinceMs;
      return grant.pair && isIdle && !needsInstall(grant) ? (this.refreshReason(grant) ?? 'token') : undefined;
    };
    const before = await store.load(portal);
    if (before && dueReason(before)) await this.refreshShared(portal, { dueReason, load });
    const grant = await store.load(portal);
    if (!grant?.pair || needsInstall(grant)) return undefined;
    if (dueReason(grant) && grant.issue) this.throwIssue(grant, grant.issue);
    return savedAtMs(grant);
  }

  /** Returns the grant if it may be used. @throws Fault what `ensure` throws */
  async usable(portal: PortalId): Promise<Grant> {
    return this.requireUsable(await this.options.store.loadCached(portal));
  }

  /** The same without the memory: a pair that is not the stored one must not be refreshed. */
  private async usableNow(portal: PortalId): Promise<Grant> {
    return this.requireUsable(await this.options.store.load(portal));
  }

  private requireUsable(grant: Grant | undefined): Grant {
    if (!grant) throw new Fault('portal_not_found');
    if (grant.waitingSinceMs !== undefined) throw new Fault('portal_waiting');
    if (grant.suspended) throw new Fault('portal_suspended');
    if (grant.issue) this.throwIssue(grant, grant.issue);
    if (!grant.pair && !grant.webhook) throw this.reauthorization(grant);
    return grant;
  }

  /** Waits for the refreshes in flight, whose pairs must not be lost. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.inFlight.values());
  }

  /** Returns the fault that asks for a new authorization of the portal. */
  reauthorization(grant: Pick<Grant, 'domain' | 'kind' | 'app'>, detail?: string): Fault {
    const webhook =
      'The portal no longer accepts the incoming webhook; create a new one there and POST it to /v1/portals.';
    return new Fault('reauthorization_required', {
      detail: detail ?? (grant.kind === 'webhook' ? webhook : 'Open `authorizeUrl` as an administrator of the portal.'),
      authorizeUrl: this.options.authorizeUrl(grant),
    });
  }

  /** Returns whether the pair is expired or about to expire by the gateway's clock. */
  isExpiring({ pair }: Pick<Grant, 'pair'>): boolean {
    if (!pair) return false;
    const aheadMs = Math.min(refreshAheadMs, pair.lifetimeMs / 10);
    return pair.expiresAtMs - this.options.clock.now() <= aheadMs;
  }

  /** Returns why the pair must be refreshed; undefined when it can be sent as it is. */
  private refreshReason({ pair, version, rejection }: Grant): TokenRejection['reason'] | undefined {
    if (!pair) return undefined;
    if (rejection?.version === version) return rejection.reason;
    return this.isExpiring({ pair }) ? 'token' : undefined;
  }

  /** Throws the issue, unless it is time to probe the grant again. */
  private throwIssue(grant: Grant, { code, detail, untilMs }: GrantIssue): void {
    const now = this.options.clock.now();
    if (untilMs !== undefined && untilMs <= now) return;
    if (code === 'reauthorization_required') throw this.reauthorization(grant, detail);
    throw new Fault(code, { detail, ...(untilMs !== undefined && { retryAfterMs: untilMs - now }) });
  }

  /** Joins the portal's refresh in flight, or starts one. */
  private refreshShared(portal: PortalId, condition: RefreshCondition): Promise<void> {
    let refresh = this.inFlight.get(portal);
    if (!refresh) {
      refresh = this.lease
        .run(portal, condition, (grant, reason, extend) => this.refresh(grant, reason, extend))
        .catch((error: unknown) => this.startBackoff(portal, asFault(error)))
        .finally(() => this.inFlight.delete(portal));
      this.inFlight.set(portal, refresh);
    }
    return refresh;
  }

  /** After a failure of the authorization server, it is not asked about this portal again until callers may retry. */
  private startBackoff(portal: PortalId, fault: Fault): never {
    if (fault.code === 'authorization_server_error')
      this.backoffs.set(portal, { fault, untilMs: this.options.clock.now() + (fault.retryAfterMs ?? 0) });
    throw fault;
  }

  private throwWhileBackingOff(portal: PortalId): void {
    const backoff = this.backoffs.get(portal);
    const retryAfterMs = (backoff?.untilMs ?? 0) - this.options.clock.now();
    if (backoff && retryAfterMs > 0 && !this.inFlight.has(portal)) throw backoff.fault.with({ retryAfterMs });
    this.backoffs.delete(portal);
  }

  private async refresh(grant: Grant, reason: TokenRejection['reason'], extend: ExtendLease): Promise<void> {
    try {
      await this.tokenRefresh.run(grant, reason, extend);
    } catch (error) {
      if (asFault(error).code !== 'app_not_found') throw error;
      // Not an issue of the grant: it works again once the app is registered again.
      const { domain, kind, app = defaultApp } = grant;
      throw this.reauthorization({ domain, kind }, appGone(app));
    }
  }
}

function appGone(app: string): string {
  const back = app === defaultApp ? 'set B24_CLIENT_ID and B24_CLIENT_SECRET' : 'register it again with POST /v1/apps';
  return `The app that the portal belongs to (${app}) is no longer registered here: ${back}, or install another app.`;
}

/** Whether the grant may be used, and nothing about it is in question. */
function isUsable({ waitingSinceMs, suspended, issue, pair, webhook }: Grant): boolean {
  return waitingSinceMs === undefined && !suspended && !issue && (pair ?? webhook) !== undefined;
}

/** Whether only a new install makes the grant usable again. */
function needsInstall({ issue }: Grant): boolean {
  return issue !== undefined && issue.untilMs === undefined;
}

function savedAtMs({ refreshedAtMs, family, installedAtMs }: Grant): number {
  return refreshedAtMs ?? family?.grantedAtMs ?? installedAtMs;
}
