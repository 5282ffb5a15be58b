import { type Clock, Fault, type PortalId } from '@b24/portal';
import { defaultApp } from './app';
import type { GrantStore, RefreshedGrant } from './grant-store';
import type { TokenFamily, Grant, TokenRejection, SparePair } from './install';
import type { OAuthServer } from './oauth-server';
import { type EndpointRules, portalEndpoint } from './portal-endpoint';
import { sparesToTry } from './spares';
import type { GrantedTokens, TokenVerdict } from './token-answer';
import { type ObservedIssue, nextIssue } from './grant-issue';
import { retryUntilStored } from './retry-until-stored';

export interface RefreshObserver {
  refreshed(portal: PortalId, outcome: 'granted' | 'refused' | 'failed'): void;
  /** Reports how far the authorization server's clock is ahead of ours. */
  skewed?(skewMs: number): void;
}

export interface TokenRefreshOptions {
  readonly store: GrantStore;
  readonly oauth: OAuthServer;
  readonly clock: Clock;
  readonly rules: EndpointRules;
  readonly observer: RefreshObserver;
}

const refreshTokenDead =
  'The authorization server no longer honours the refresh token; the portal must be authorized again.';
const userGone = 'was dismissed or may no longer use the app; another administrator must authorize the portal.';

/** Refreshes the token family in use, and a spare when that one is lost. The caller holds the portal's lease. */
export class TokenRefresh {
  constructor(private readonly options: TokenRefreshOptions) {}

  /**
   * Resolves when the store holds a newer pair or an issue.
   * @param extend extends the lease; resolves to false when it was lost
   * @throws Fault authorization_server_error, store_unavailable
   */
  async run(grant: Grant, reason: TokenRejection['reason'], extend: () => Promise<boolean>): Promise<void> {
    if (reason === 'token' && (await this.refreshInUse(grant))) return;
    for (const spare of sparesToTry(grant, reason, this.options.clock.now())) {
      if (!(await extend())) return;
      if (await this.refresh(grant, spare)) return;
      await this.options.store.rejectSpare(grant.portal, spare.id, this.options.clock.now());
    }
    const detail =
      reason === 'user' ? `The user who granted access (${grant.userId ?? 'unknown'}) ${userGone}` : undefined;
    await this.recordIssue(grant, { code: 'reauthorization_required', detail: detail ?? refreshTokenDead });
  }

  /** Announces start and end, so that other replicas know of a pair that may not be saved yet. */
  private async refreshInUse(grant: Grant): Promise<boolean> {
    const { store } = this.options;
    const { portal, version, pair, oauthServer, scope, userId, byAdministrator } = grant;
    if (!pair) return true;
    const family = grant.family ?? { id: 'first', grantedAtMs: grant.installedAtMs };
    const { refreshToken } = pair;
    // Another pair was stored while this replica stood still.
    if (!(await store.markRefreshing(portal, version, true))) return true;
    try {
      return await this.refresh(grant, {
        ...{ ...family, oauthServer, scope, refreshToken },
        ...(userId !== undefined && { userId }),
        ...(byAdministrator !== undefined && { byAdministrator }),
      });
    } finally {
      // Ignored when a newer pair is stored by now.
      await store.markRefreshing(portal, version, null).catch(() => undefined);
    }
  }

  /** Returns false when the family is lost. */
  private async refresh(grant: Grant, family: Omit<SparePair, 'renewedAtMs'>): Promise<boolean> {
    const { oauth, observer, clock, store } = this.options;
    const { portal, version } = grant;
    const verdict = await oauth
      .refresh(grant.app ?? defaultApp, family.refreshToken, family.oauthServer)
      .catch((error: unknown) => {
        observer.refreshed(portal, 'failed');
        throw error;
      });
    observer.refreshed(portal, outcomeOf(verdict, portal));
    if (verdict.kind === 'granted' && verdict.granted.portal === portal) {
      if (verdict.granted.skewMs !== undefined) observer.skewed?.(verdict.granted.skewMs);
      const renewal = this.refreshedGrant(grant, family, verdict.granted);
      // False: an install saved another pair meanwhile, which is as good.
      await retryUntilStored(clock, () => store.saveRefresh(portal, version, renewal));
      return true;
    }
    if (verdict.kind !== 'refused') {
      throw new Fault('authorization_server_error', {
        detail: 'The authorization server returned tokens of another portal.',
      });
    }
    const { code, detail, forMs } = verdict;
    if (code === 'reauthorization_required') return false;
    await this.recordIssue(grant, { code, detail, ...(forMs !== undefined && { backoffMs: forMs }) });
    return true;
  }

  private recordIssue({ portal, version, issue }: Grant, found: ObservedIssue): Promise<void> {
    return this.options.store.recordIssue(portal, version, nextIssue(issue, found, this.options.clock.now()));
  }

  /** Takes the portal's endpoint from the server's answer, if its host is allowed. */
  private refreshedGrant(
    grant: Grant,
    {
      id,
      grantedAtMs,
      ...family
    }: TokenFamily & Pick<SparePair, 'oauthServer' | 'scope' | 'userId' | 'byAdministrator'>,
    { pair, endpoint, scope, licence, userId = family.userId }: GrantedTokens,
  ): RefreshedGrant {
    const { portal, kind, app, installedAtMs } = grant;
    const { byAdministrator } = family;
    const isAnother = grant.family !== undefined && grant.family.id !== id;
    const { domain, endpoint: url } = portalEndpoint(endpoint, this.options.rules) ?? grant;
    const refreshedAtMs = this.options.clock.now();
    const install = {
      ...{ portal, kind, installedAtMs, domain, endpoint: url, oauthServer: family.oauthServer },
      ...(app && { app }),
      scope: scope.length ? scope : family.scope,
      ...(licence && { licence }),
      ...(userId !== undefined && { userId }),
      ...(byAdministrator !== undefined && { byAdministrator }),
      ...(isAnother
        ? formerUserOf(grant, userId, refreshedAtMs)
        : grant.formerUser && { formerUser: grant.formerUser }),
    };
    return { family: { id, grantedAtMs }, pair, refreshedAtMs, install };
  }
}

/** Returns the user whose grant is replaced, unless it is known to be the same user. */
export function formerUserOf(
  before: Pick<Grant, 'userId' | 'formerUser'>,
  userId: number | undefined,
  nowMs: number,
): Pick<Grant, 'formerUser'> {
  if (before.userId === undefined || before.userId !== userId)
    return { formerUser: { ...(before.userId !== undefined && { userId: before.userId }), untilMs: nowMs } };
  return before.formerUser ? { formerUser: before.formerUser } : {};
}

function outcomeOf(verdict: TokenVerdict, portal: PortalId): 'granted' | 'refused' | 'failed' {
  if (verdict.kind === 'granted') return verdict.granted.portal === portal ? 'granted' : 'failed';
  return verdict.kind === 'refused' ? 'refused' : 'failed';
}
