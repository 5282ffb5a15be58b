import type { Clock, PortalId } from '@b24/portal';
import { defaultApp } from './app';
import type { FreshGrants } from './fresh-grants';
import type { GrantStore } from './grant-store';
import type { Grant } from './install';
import type { OAuthServer } from './oauth-server';
import { type EndpointRules, type PortalEndpoint, portalEndpoint } from './portal-endpoint';
import { nextRejection } from './grant-issue';

/** A portal that was not found elsewhere is not looked for again so soon. */
const retryAfterMs = 30_000;

export interface RelocationLookupOptions {
  readonly store: GrantStore;
  readonly oauth: OAuthServer;
  readonly grants: FreshGrants;
  readonly clock: Clock;
  readonly rules: EndpointRules;
}

/** Finds portals that were renamed: where they are now is the authorization server's word, never the redirect's. */
export class RelocationLookup {
  private readonly inFlight = new Map<PortalId, Promise<boolean>>();
  private readonly restsUntilMs = new Map<PortalId, number>();

  constructor(private readonly options: RelocationLookupOptions) {}

  /** True when the portal is known to be somewhere else than this grant says. Never rejects. */
  hasMoved(grant: Grant): Promise<boolean> {
    const { portal } = grant;
    let search = this.inFlight.get(portal);
    if (!search) {
      search = this.search(grant)
        .catch(() => false)
        .finally(() => this.inFlight.delete(portal));
      this.inFlight.set(portal, search);
    }
    return search;
  }

  private async search({ portal, endpoint }: Grant): Promise<boolean> {
    const { store, clock } = this.options;
    const known = await store.load(portal);
    if (!known?.pair) return false;
    if (known.endpoint !== endpoint) return true;
    if (clock.now() < (this.restsUntilMs.get(portal) ?? 0)) return false;
    const place = await this.currentEndpoint(known);
    const found = place !== undefined && place.endpoint !== endpoint;
    if (found) this.restsUntilMs.delete(portal);
    else this.restsUntilMs.set(portal, clock.now() + retryAfterMs);
    return found;
  }

  /** Where the authorization server says the portal is, saved; undefined when it does not vouch for a place we may go. */
  private async currentEndpoint(grant: Grant): Promise<PortalEndpoint | undefined> {
    const { store, oauth, rules, grants, clock } = this.options;
    if (!grant.pair) return undefined;
    const info = await oauth.tokenInfo(grant.pair.accessToken, grant.oauthServer);
    if (info === undefined || info === 'expired') {
      // A refresh tells the place as well.
      await store.recordRejection(grant.portal, nextRejection(grant, 'token', clock.now()));
      return grants.ensure(grant.portal);
    }
    const clientId = await oauth.clientId(grant.app ?? defaultApp);
    if (info.clientId !== clientId || info.portal !== grant.portal) return undefined;
    const place = portalEndpoint(info.endpoint, rules);
    if (place && place.endpoint !== grant.endpoint) await store.relocate(grant.portal, grant.version, place);
    return place;
  }
}
