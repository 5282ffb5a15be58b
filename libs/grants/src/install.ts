import type { FaultCode, PortalId, Secret } from '@b24/portal';

/** An access token and the refresh token that replaces both. */
export interface TokenPair {
  readonly accessToken: Secret;
  readonly refreshToken: Secret;
  /** Unix milliseconds, by our clock from the moment the pair was asked for. */
  readonly expiresAtMs: number;
  readonly lifetimeMs: number;
}

/** Where a portal is, and which app or webhook gives access to it. */
export interface Install {
  readonly portal: PortalId;
  readonly kind: 'app' | 'webhook';
  /** Id of the app it belongs to; the default app when absent. */
  readonly app?: string;
  /** The portal's current host, with its port if it has one. */
  readonly domain: string;
  /** `https://<domain>/rest/`; a webhook's secret part is stored separately. */
  readonly endpoint: string;
  /** The authorization server that issued the tokens; empty for a webhook. */
  readonly oauthServer: string;
  readonly scope: readonly string[];
  /** The user who granted access, if known. */
  readonly userId?: number;
  /** Whether the portal confirmed that this user is an administrator; absent while unknown. */
  readonly byAdministrator?: boolean;
  /** The app's licence status on the portal: F, D, T, P, L or S. */
  readonly licence?: string;
  readonly installedAtMs: number;
  /** The user whose grant was replaced; without an id when unknown. */
  readonly formerUser?: { readonly userId?: number; readonly untilMs: number };
}

/** The tokens that descend from one grant of access by refreshes. A portal may have granted several. */
export interface TokenFamily {
  readonly id: string;
  readonly grantedAtMs: number;
}

/** A family beside the one in use, stored in case that one is lost. */
export interface SpareInfo extends TokenFamily {
  readonly oauthServer: string;
  readonly scope: readonly string[];
  readonly userId?: number;
  /** Whether the portal confirmed at the grant that the user is an administrator; absent while unknown. */
  readonly byAdministrator?: boolean;
  /** When its refresh token was issued; it lives 180 days. */
  readonly renewedAtMs: number;
  /** When it was rejected; it is not tried again, but a refresh that still runs may restore it. */
  readonly refusedAtMs?: number;
}

/** A spare with its refresh token. */
export interface SparePair extends SpareInfo {
  readonly refreshToken: Secret;
}

/** The portal rejected a pair: its token, or the user who granted it. */
export interface TokenRejection {
  /** The version of the pair. */
  readonly version: number;
  readonly reason: 'token' | 'user';
  /** Number of pairs rejected in a row, without an accepted call in between. */
  readonly times: number;
  /** When the first of them was rejected. */
  readonly sinceMs: number;
}

/** Why a grant cannot be used just now. */
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
  /** The grant is probed after this time; absent when only a person can resolve the issue. */
  readonly untilMs?: number;
  /** Number of consecutive observations. */
  readonly times?: number;
}

/** The portal's leaky bucket: its capacity in requests, and how many leak per second. */
export interface Limits {
  readonly burst: number;
  readonly drainPerSecond: number;
}

/** What the operator configured for a portal. */
export interface PortalSettings {
  readonly alias?: string;
  readonly suspended: boolean;
  readonly limits?: Limits;
  /** The operator's labels for selecting portals, sorted. */
  readonly tags?: readonly string[];
}

/** A change of the settings: null removes a value, an absent field stays. */
export interface PortalSettingsChange {
  readonly alias?: string | null;
  readonly suspended?: boolean;
  readonly limits?: Limits | null;
  /** Replaces all tags; an empty list removes them. */
  readonly tags?: readonly string[];
  /** Admits a waiting portal. */
  readonly admitted?: true;
}

/** The portal's plan at the vendor, as `app.info` returns it. */
export interface Tariff {
  /** For example `de_ent250`; empty when the portal returned none. */
  readonly licence: string;
  /** For example `ent`. */
  readonly family?: string;
  readonly requestedAtMs: number;
}

/** A portal without its secrets. */
export interface PortalRecord extends Install, PortalSettings {
  /** Since when the portal waits for an operator to admit it; absent for an admitted portal. */
  readonly waitingSinceMs?: number;
  /** Counts saved pairs; a save fails when another came first. */
  readonly version: number;
  readonly expiresAtMs?: number;
  readonly refreshedAtMs?: number;
  readonly issue?: GrantIssue;
  /** The token family in use; a webhook has none. */
  readonly family?: TokenFamily;
  /** Newest first. */
  readonly spares?: readonly SpareInfo[];
  /** Former hosts, newest first; they still resolve to the portal. */
  readonly formerDomains?: readonly string[];
  /** Absent until the app on the portal was asked; never known for a webhook. */
  readonly tariff?: Tariff;
}

/** A portal with the secrets that give access to it. */
export interface Grant extends PortalRecord {
  readonly pair?: TokenPair;
  /** The secret path of an incoming webhook: `<user id>/<secret>`. */
  readonly webhook?: Secret;
  /** The token that authenticates the portal's events. */
  readonly applicationToken?: Secret;
  readonly spares?: readonly SparePair[];
  /** The latest rejection; it concerns this pair when the versions are equal. */
  readonly rejection?: TokenRejection;
  /** The version whose refresh was announced and has not ended yet. */
  readonly refreshingVersion?: number;
}
