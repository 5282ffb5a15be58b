import { timingSafeEqual } from 'node:crypto';
import type { IssuedFamily } from './token-ledger';
import type { AuthenticatedCaller } from './method-context';
import type { PortalState } from './portal-state';
import type { Credentials } from './rest-call';
import { VendorRefusal } from './vendor-refusal';

const verdictLifetimeMs = 3_600_000;

/**
 * Identifies the caller or throws a refusal (docs/bitrix24-rules.md#errors). One per portal, because a portal caches
 * verdicts.
 */
export class Authenticator {
  private readonly verdicts = new Map<string, { until: number; verdict: IssuedFamily | 'unknown' }>();

  constructor(private readonly portal: PortalState) {}

  authenticate(credentials: Credentials): AuthenticatedCaller {
    if (credentials.via === 'none') throw VendorRefusal.of('NO_AUTH_FOUND');
    return credentials.via === 'webhook'
      ? this.webhook(credentials.userId, credentials.secret)
      : this.token(credentials.token);
  }

  private webhook(userId: number, secret: string): AuthenticatedCaller {
    const webhook = this.portal.webhooks.find((hook) => hook.userId === userId && sameText(hook.secret, secret));
    if (webhook === undefined) throw VendorRefusal.of('INVALID_CREDENTIALS');
    if (this.portal.dismissedUsers.has(userId)) throw VendorRefusal.of('authorization_error');
    return { kind: 'webhook', userId, scopes: webhook.scopes, owner: `webhook:${userId}`, key: secret };
  }

  private token(token: string): AuthenticatedCaller {
    const { portal } = this;
    const known = portal.ledger.familyOf(token);
    const app = portal.appOf(known?.clientId ?? '');
    if (known?.memberId === portal.memberId && !app?.installed) throw VendorRefusal.of('APPLICATION_NOT_FOUND');
    const family = this.verdict(token);
    if (family === 'unknown' || family.memberId !== portal.memberId || !app) throw VendorRefusal.of('invalid_token');
    if (portal.dismissedUsers.has(family.userId)) throw VendorRefusal.of('authorization_error');
    const { clientId, scope: scopes } = app;
    // Operating time is counted per app (docs/bitrix24-rules.md#limits).
    const owner = clientId === portal.app.clientId ? 'app' : `app:${clientId}`;
    return { kind: 'app', userId: family.userId, scopes, owner, clientId, key: token };
  }

  /** Expiry is the portal's own clock; everything else is the authorization server's word, perhaps an old one. */
  private verdict(token: string): IssuedFamily | 'unknown' {
    const { clock, ledger, quirks } = this.portal;
    const cached = quirks.cacheVerdicts ? this.verdicts.get(token) : undefined;
    if (cached !== undefined && cached.until > clock.now()) return this.unlessExpired(token, cached.verdict);
    const verdict = ledger.verdict(token);
    if (verdict === 'expired') throw VendorRefusal.of('expired_token');
    this.verdicts.set(token, { until: clock.now() + verdictLifetimeMs, verdict });
    return verdict;
  }

  private unlessExpired(token: string, verdict: IssuedFamily | 'unknown'): IssuedFamily | 'unknown' {
    const expiresAt = this.portal.ledger.expiryOf(token);
    if (verdict !== 'unknown' && expiresAt !== undefined && expiresAt <= this.portal.clock.now()) {
      throw VendorRefusal.of('expired_token');
    }
    return verdict;
  }
}

function sameText(left: string, right: string): boolean {
  return left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right));
}
