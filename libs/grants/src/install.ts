import type { FaultCode, PortalId, Secret } from '@b24/portal';

/** An access token and the refresh token that replaces both. */
export interface TokenPair {
  readonly accessToken: Secret;
  readonly refreshToken: Secret;
  /** Unix milliseconds, by our clock from the moment the pair was asked for. */
  readonly expiresAtMs: number;
  readonly lifetimeMs: number;
}

/** Where a portal is and by what right we call it. */
export interface Install {
  readonly portal: PortalId;
  readonly kind: 'app' | 'webhook';
  /** The app it belongs to; the default one when absent. */
  readonly app?: string;
  /** The portal's current host, with its port if it has one. */
  readonly domain: string;
  /** `https://<domain>/rest/`; a webhook's secret part is kept apart. */
  readonly endpoint: string;
  /** The authorization server that made the tokens; empty for a webhook. */
  readonly oauthServer: string;
  readonly scope: readonly string[];
  /** The user who granted, where the vendor said so. */
  readonly userId?: number;
  /** Whether the portal said that this user is its administrator; absent while it did not say. */
  readonly byAdministrator?: boolean;
  /** The app's licence status on the portal: F, D, T, P, L or S. */
  readonly licence?: string;
  readonly installedAtMs: number;
  /** Who had granted before another grant replaced theirs; without an id where nobody knew whose it was. */
  readonly formerUser?: { readonly userId?: number; readonly untilMs: number };
}

/** Where one grant of access came from; each refresh takes the same family on. A portal may have granted several. */
export interface TokenFamily {
  readonly id: string;
  readonly grantedAtMs: number;
}

/** A family beside the one in use, kept for the day that one is lost. */
export interface SpareInfo extends TokenFamily {
  readonly oauthServer: string;
  readonly scope: readonly string[];
  readonly userId?: number;
  /** As of an install: whether the portal said, when this was granted, that the user is its administrator. */
  readonly byAdministrator?: boolean;
  /** When its refresh token was made; it lives 180 days. */
  readonly renewedAtMs: number;
  /** Refused then, and not tried again; whoever still refreshes it may bring it back. */
  readonly refusedAtMs?: number;
}

/** A spare with what makes it worth keeping. */
export interface SparePair extends SpareInfo {
  readonly refreshToken: Secret;
}

/** What of a pair the portal would not take: the token, or the user who granted it. */
export interface TokenRejection {
  /** The version of the pair. */
  readonly version: number;
  readonly reason: 'token' | 'user';
  /** How many pairs in a row, with no call taken in between. */
  readonly times: number;
  /** When the first of them was refused. */
  readonly sinceMs: number;
}

/** Why a grant can't be used, until when (for ever, unless said). */
export interface GrantIssue {
  readonly code: Extract<
    FaultCode,
    | 'reauthorization_required'
    | 'portal_payment_required'
    | 'portal_uninstalled'
    | 'portal_deleted'
    | 'authorization_server_error'
    | 'portal_unreachable'
  >;
  readonly detail: string;
  readonly sinceMs: number;
  /** After this the grant is tried again; it stays in issue until that went well. */
  readonly untilMs?: number;
  /** How often it was found so, one probe after the other. */
  readonly times?: number;
}

/** The portal's leaky bucket: so many requests fit, so many leak out each second. */
export interface Limits {
  readonly burst: number;
  readonly drainPerSecond: number;
}

/** What the operator set for a portal. */
export interface PortalSettings {
  readonly alias?: string;
  readonly suspended: boolean;
  readonly limits?: Limits;
  /** Words of the operator's own, in order, by which portals are picked out. */
  readonly tags?: readonly string[];
}

/** What the operator sets now; null removes, what is absent stays. */
export interface PortalSettingsChange {
  readonly alias?: string | null;
  readonly suspended?: boolean;
  readonly limits?: Limits | null;
  /** All of them; an empty list removes them. */
  readonly tags?: readonly string[];
  /** The portal waits no longer. */
  readonly admitted?: true;
}

/** The portal's own plan at the vendor, in the words of its `app.info`. */
export interface Tariff {
  /** As `de_ent250`; empty when the portal told none. */
  readonly licence: string;
  /** As `ent`. */
  readonly family?: string;
  readonly askedAtMs: number;
}

/** A portal as everyone may see it: no secrets. */
export interface PortalRecord extends Install, PortalSettings {
  /** Since when the portal waits for an operator to admit it; absent of a portal that was admitted. */
  readonly waitingSinceMs?: number;
  /** Counts the pairs saved; a save is refused when another came first. */
  readonly version: number;
  readonly expiresAtMs?: number;
  readonly refreshedAtMs?: number;
  readonly issue?: GrantIssue;
  /** The family in use; a webhook has none. */
  readonly family?: TokenFamily;
  /** Newest first. */
  readonly spares?: readonly SpareInfo[];
  /** Hosts the portal was renamed from, newest first; it is still found by them. */
  readonly formerDomains?: readonly string[];
  /** Unknown until the app on the portal was asked; never known of a webhook. */
  readonly tariff?: Tariff;
}

/** A portal with its right to be called. */
export interface Grant extends PortalRecord {
  readonly pair?: TokenPair;
  /** The secret path of an incoming webhook: `<user id>/<secret>`. */
  readonly webhook?: Secret;
  /** What the portal proves its events with. */
  readonly applicationToken?: Secret;
  readonly spares?: readonly SparePair[];
  /** The latest refusal; of this very pair when the versions are the same. */
  readonly rejection?: TokenRejection;
  /** The version whose refresh was begun and has not been reported yet. */
  readonly refreshingVersion?: number;
}
