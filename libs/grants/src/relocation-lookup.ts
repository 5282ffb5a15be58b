import type { Clock, PortalId } from '@b24/portal';
import { defaultApp } from './app';
import type { FreshGrants } from './fresh-grants';
import type { GrantStore } from './grant-store';
import type { Grant } from './install';
import type { OAuthServer } from './oauth-server';
import { type EndpointRules, type PortalEndpoint, portalEndpoint } from './portal-endpoint';
import { nextRejection } from './grant-issue';

/** Pause before a portal is looked up again that was not found elsewhere. */
const retryAfterMs = 30_000;

export interface RelocationLookupOptions {
  readonly store: GrantStore;
  readonly oauth: OAuthServer;
  readonly grants: FreshGrants;
  readonly clock: Clock;
  readonly rules: EndpointRules;
}

/** Looks up renamed portals. Their new endpoint comes from the authorization server, never from a redirect. */
export class RelocationLookup {
  private readonly inFlight = new Map<PortalId, Promise<boolean>>();
  private readonly restsUntilMs = new Map<PortalId, number>();

  constructor(private readonly options: RelocationLookupOptions) {}

  /** Returns whether the portal has another endpoint than this grant, and saves it. Never rejects. */
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

  /** Returns and saves the endpoint that the authorization server names; undefined when it names no allowed one. */
  private async currentEndpoint(grant: Grant): Promise<PortalEndpoint | undefined> {
    const { store, oauth, rules, grants, clock } = this.options;
    if (!grant.pair) return undefined;
    const info = await oauth.tokenInfo(grant.pair.accessToken, grant.oauthServer);
    if (info === undefined || info === 'expired') {
      // A refresh returns the endpoint as well.
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
