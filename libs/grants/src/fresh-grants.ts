import { randomUUID } from 'node:crypto';
import { type Clock, Fault, type PortalId, sleep } from '@b24/portal';
import type { GrantStore, Renewal } from './grant-store';
import type { Grant, Trouble } from './install';
import { type OAuthServer, tokenRequestMs } from './oauth-server';
import { type EndpointRules, portalEndpoint } from './portal-endpoint';
import type { Granted } from './token-answer';
import { untilKept } from './until-kept';

/** The lease outlives the request and the save, so that a second refresh never starts beside a living first. */
const leaseMs = tokenRequestMs + 30_000;
const askLeaseEveryMs = 60;
const refreshAheadMs = 60_000;
/** A grant looked at for a departure is not loaded again for the trip that leaves right then. */
const sameDepartureMs = 100;

export interface RefreshObserver {
  refreshed(portal: PortalId, outcome: 'granted' | 'refused' | 'failed'): void;
}

export interface FreshGrantsOptions {
  readonly store: GrantStore;
  readonly oauth: OAuthServer;
  readonly clock: Clock;
  readonly rules: EndpointRules;
  /** Where a person authorizes the portal again. */
  readonly authorizeUrl: (domain: string) => string;
  readonly observer: RefreshObserver;
}

/**
 * Keeps token pairs fresh: once per expiry, however many callers and replicas ask.
 * load → stale? → lease → load again → stale? → refresh → compare-and-set → release
 */
export class FreshGrants {
  private readonly underWay = new Map<PortalId, Promise<void>>();
  private readonly lookedAt = new Map<PortalId, { readonly grant: Grant; readonly atMs: number }>();

  constructor(private readonly options: FreshGrantsOptions) {}

  /**
   * Resolves with the portal's grant when it has a pair that can be sent.
   * @throws Fault portal_not_found, portal_suspended, what the grant's trouble says, authorization_server_error,
   * store_unavailable
   */
  async ensure(portal: PortalId): Promise<Grant> {
    let grant = await this.usable(portal);
    if (this.stale(grant)) {
      await this.refreshed(portal);
      grant = await this.usable(portal);
    }
    this.lookedAt.set(portal, { grant, atMs: this.options.clock.now() });
    return grant;
  }

  private refreshed(portal: PortalId): Promise<void> {
    let refresh = this.underWay.get(portal);
    if (!refresh) {
      refresh = this.refreshOnce(portal).finally(() => this.underWay.delete(portal));
      this.underWay.set(portal, refresh);
    }
    return refresh;
  }

  /** The grant for a trip that leaves now. */
  async forTrip(portal: PortalId): Promise<Grant> {
    const looked = this.lookedAt.get(portal);
    this.lookedAt.delete(portal);
    const recent = looked && this.options.clock.now() - looked.atMs <= sameDepartureMs;
    return recent ? looked.grant : this.usable(portal);
  }

  /** The grant, if nothing speaks against its use. */
  async usable(portal: PortalId): Promise<Grant> {
    const grant = await this.options.store.load(portal);
    if (!grant) throw new Fault('portal_not_found');
    if (grant.suspended) throw new Fault('portal_suspended');
    if (grant.trouble) this.checkTrouble(grant, grant.trouble);
    if (!grant.pair && !grant.webhook) throw this.reauthorization(grant);
    return grant;
  }

  /** Waits for the refreshes under way, whose answers must not be lost. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.underWay.values());
  }

  reauthorization(grant: Pick<Grant, 'domain' | 'kind'>, detail?: string): Fault {
    const webhook = 'The portal no longer takes the incoming webhook; make a new one there and POST it to /v1/portals.';
    return new Fault('reauthorization_required', {
      detail: detail ?? (grant.kind === 'webhook' ? webhook : 'Open `authorizeUrl` as an administrator of the portal.'),
      authorizeUrl: this.options.authorizeUrl(grant.domain),
    });
  }

  private stale({ pair, version, refusedVersion }: Grant): boolean {
    if (!pair) return false;
    const aheadMs = Math.min(refreshAheadMs, pair.lifetimeMs / 10);
    return refusedVersion === version || pair.expiresAtMs - this.options.clock.now() <= aheadMs;
  }

  private checkTrouble(grant: Grant, { code, detail, untilMs }: Trouble): void {
    const now = this.options.clock.now();
    if (untilMs !== undefined && untilMs <= now) return;
    if (code === 'reauthorization_required') throw this.reauthorization(grant, detail);
    throw new Fault(code, { detail, ...(untilMs !== undefined && { retryAfterMs: untilMs - now }) });
  }

  /** Runs to its end whoever waits for it: a rotated pair must be saved. */
  private async refreshOnce(portal: PortalId): Promise<void> {
    const { store, clock } = this.options;
    const holder = randomUUID();
    while (!(await store.lease(portal, holder, leaseMs))) {
      await sleep(clock, askLeaseEveryMs);
      if (!this.stale(await this.usable(portal))) return;
    }
    try {
      const grant = await this.usable(portal);
      if (this.stale(grant)) await this.renew(grant);
    } finally {
      // A lease that can't be released ends by itself.
      await store.release(portal, holder).catch(() => undefined);
    }
  }

  private async renew(grant: Grant): Promise<void> {
    const { oauth, observer, clock, store } = this.options;
    if (!grant.pair) return;
    const verdict = await oauth.refresh(grant.pair.refreshToken, grant.oauthServer).catch((error: unknown) => {
      observer.refreshed(grant.portal, 'failed');
      throw error;
    });
    if (verdict.kind === 'granted' && verdict.granted.portal === grant.portal) {
      observer.refreshed(grant.portal, 'granted');
      const renewal = this.renewal(grant, verdict.granted);
      // False: an install brought another pair in between, which is as good.
      await untilKept(clock, () => store.renew(grant.portal, grant.version, renewal));
      return;
    }
    if (verdict.kind !== 'refused') {
      throw new Fault('authorization_server_error', {
        detail: 'The authorization server answered for another portal.',
      });
    }
    observer.refreshed(grant.portal, 'refused');
    const { code, detail, forMs } = verdict;
    const now = clock.now();
    const trouble = { code, detail, sinceMs: now, ...(forMs && { untilMs: now + forMs }) };
    await store.trouble(grant.portal, grant.version, trouble);
    // An install may have come in between; if not, this throws the trouble.
    await this.usable(grant.portal);
  }

  /** The portal may have moved: the server's word counts, if the new host is one we may talk to. */
  private renewal(grant: Grant, { pair, endpoint, scope, licence, userId }: Granted): Renewal {
    const { portal, kind, oauthServer, installedAtMs } = grant;
    const { domain, endpoint: url } = portalEndpoint(endpoint, this.options.rules) ?? grant;
    const user = userId ?? grant.userId;
    const known = { portal, kind, oauthServer, installedAtMs, domain, endpoint: url };
    const install = {
      ...known,
      scope: scope.length ? scope : grant.scope,
      ...(licence && { licence }),
      ...(user && { userId: user }),
    };
    return { pair, refreshedAtMs: this.options.clock.now(), install };
  }
}
