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
  /** The portal's current host, with its port if it has one. */
  readonly domain: string;
  /** `https://<domain>/rest/`; a webhook's secret part is kept apart. */
  readonly endpoint: string;
  /** The authorization server that made the tokens; empty for a webhook. */
  readonly oauthServer: string;
  readonly scope: readonly string[];
  /** The user who granted, where the vendor said so. */
  readonly userId?: number;
  /** The app's licence status on the portal: F, D, T, P, L or S. */
  readonly licence?: string;
  readonly installedAtMs: number;
}

/** Why a grant can't be used, until when (for ever, unless said). */
export interface Trouble {
  readonly code: Extract<
    FaultCode,
    | 'reauthorization_required'
    | 'portal_payment_required'
    | 'portal_uninstalled'
    | 'portal_deleted'
    | 'authorization_server_error'
  >;
  readonly detail: string;
  readonly sinceMs: number;
  /** After this the grant is tried again. */
  readonly untilMs?: number;
}

/** The portal's leaky bucket: so many requests fit, so many leak out each second. */
export interface Limits {
  readonly burst: number;
  readonly drainPerSecond: number;
}

/** What the operator set for a portal. */
export interface Markings {
  readonly alias?: string;
  readonly suspended: boolean;
  readonly limits?: Limits;
}

/** What the operator sets now; null removes, what is absent stays. */
export interface NewMarkings {
  readonly alias?: string | null;
  readonly suspended?: boolean;
  readonly limits?: Limits | null;
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
export interface PortalRecord extends Install, Markings {
  /** Counts the pairs saved; a save is refused when another came first. */
  readonly version: number;
  readonly expiresAtMs?: number;
  readonly refreshedAtMs?: number;
  readonly trouble?: Trouble;
  /** Unknown until the app on the portal was asked; never known of a webhook. */
  readonly tariff?: Tariff;
}

/** A portal with its right to be called. */
export interface Grant extends PortalRecord {
  readonly pair?: TokenPair;
  /** The secret path of an incoming webhook: `<user id>/<secret>`. */
  readonly webhook?: Secret;
  /** The version of the pair that the portal refused to take. */
  readonly refusedVersion?: number;
}
