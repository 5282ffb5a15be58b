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

/** What the operator set for a portal. */
export interface Markings {
  readonly alias?: string;
  readonly suspended: boolean;
}

/** A portal as everyone may see it: no secrets. */
export interface PortalRecord extends Install, Markings {
  /** Counts the pairs saved; a save is refused when another came first. */
  readonly version: number;
  readonly expiresAtMs?: number;
  readonly refreshedAtMs?: number;
  readonly trouble?: Trouble;
}

/** A portal with its right to be called. */
export interface Grant extends PortalRecord {
  readonly pair?: TokenPair;
  /** The secret path of an incoming webhook: `<user id>/<secret>`. */
  readonly webhook?: Secret;
  /** The version of the pair that the portal refused to take. */
  readonly refusedVersion?: number;
}
