import { isPortalId, type HttpAnswer, type PortalId, Secret } from '@b24/portal';
import { z } from 'zod';
import type { TokenPair, GrantIssue } from './install';

/** Tokens that the authorization server granted. */
export interface GrantedTokens {
  readonly portal: PortalId;
  readonly pair: TokenPair;
  /** The portal's current REST endpoint, as the server knows it. */
  readonly endpoint: string;
  readonly scope: readonly string[];
  readonly licence?: string;
  readonly userId?: number;
  /** How far the server's clock is ahead of ours, if it sent its time. */
  readonly skewMs?: number;
}

/** granted: a pair. refused: a retry is useless until a person acts or `forMs` has passed. transient: retry. */
export type TokenVerdict =
  | { readonly kind: 'granted'; readonly granted: GrantedTokens }
  | {
      readonly kind: 'refused';
      readonly code: GrantIssue['code'];
      readonly detail: string;
      readonly forMs?: number;
      readonly secretRefused?: true;
    }
  | { readonly kind: 'transient'; readonly reason: string };

const number = z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)]);
/** Only the pair and its portal are required: a pair must not be lost because another field is malformed. */
const grantedBody = z.object({
  access_token: z.string().min(8).max(2048),
  refresh_token: z.string().min(8).max(2048),
  member_id: z.string().toLowerCase().refine(isPortalId),
  expires_in: number.refine((seconds) => seconds > 0).catch(3600),
  expires: number.optional().catch(undefined),
  client_endpoint: z.string().max(512).catch(''),
  scope: z.string().catch(''),
  status: z.string().max(8).optional().catch(undefined),
  user_id: number.optional().catch(undefined),
});
const errorBody = z.object({ error: z.coerce.string(), error_description: z.string().optional() });

const minuteMs = 60_000;
const forAWhile = { forMs: minuteMs };
const wrongApp = {
  code: 'authorization_server_error' as const,
  detail:
    "The authorization server does not accept the app's id or secret: PATCH /v1/apps/{id} sets it, and of the default app B24_CLIENT_ID and B24_CLIENT_SECRET.",
  ...forAWhile,
};
const dead = {
  code: 'reauthorization_required' as const,
  detail: 'The authorization server no longer honours the refresh token; the portal must be authorized again.',
};

/** The authorization server's errors, by code in lower case (docs/bitrix24-rules.md#oauth). */
const refusals: Readonly<
  Record<string, { code: GrantIssue['code']; detail: string; forMs?: number; secretRefused?: true }>
> = {
  invalid_grant: dead,
  no_auth_found: dead,
  insufficient_scope: dead,
  invalid_scope: dead,
  wrong_client: wrongApp,
  invalid_client: { ...wrongApp, secretRefused: true },
  invalid_request: { ...wrongApp, detail: 'The authorization server calls the refresh request invalid.' },
  payment_required: {
    code: 'portal_payment_required',
    detail: "The authorization server refuses new tokens until the portal's plan or the app is paid.",
    forMs: 10 * minuteMs,
  },
  not_installed: { code: 'portal_uninstalled', detail: 'The app is no longer installed on the portal.' },
};

/**
 * Judges an answer of the token endpoint without I/O.
 * Any body with an `error` is a refusal, whatever its HTTP status; an unknown error is transient.
 */
export function judgeTokenAnswer(answer: HttpAnswer, requestedAtMs: number): TokenVerdict {
  const body = parseJson(answer.body);
  const error = errorCode(body);
  if (error !== undefined) {
    const refusal = Object.hasOwn(refusals, error) ? refusals[error] : undefined;
    return refusal
      ? { kind: 'refused', ...refusal }
      : { kind: 'transient', reason: `error with status ${answer.status}` };
  }
  const granted = grantedBody.safeParse(body);
  if (answer.status !== 200 || !granted.success)
    return { kind: 'transient', reason: `no tokens, status ${answer.status}` };
  return { kind: 'granted', granted: toGranted(granted.data, requestedAtMs) };
}

function toGranted(body: z.infer<typeof grantedBody>, requestedAtMs: number): GrantedTokens {
  const lifetimeMs = body.expires_in * 1000;
  const expiresAtMs = requestedAtMs + lifetimeMs;
  // The server's clock is only a hint; the lifetime from the moment of our request is independent of clocks.
  const skewMs = body.expires === undefined ? undefined : body.expires * 1000 - expiresAtMs;
  return {
    portal: body.member_id,
    pair: {
      accessToken: new Secret(body.access_token),
      refreshToken: new Secret(body.refresh_token),
      expiresAtMs: expiresAtMs - expirySkewMs(skewMs, lifetimeMs),
      lifetimeMs,
    },
    endpoint: body.client_endpoint,
    scope: splitScope(body.scope),
    ...(body.status && { licence: body.status }),
    ...(body.user_id !== undefined && { userId: body.user_id }),
    ...(skewMs !== undefined && { skewMs }),
  };
}

/** A server whose clock is behind may expire the pair earlier; at least half of its lifetime is used. */
function expirySkewMs(skewMs = 0, lifetimeMs: number): number {
  return Math.min(Math.max(-skewMs, 0), lifetimeMs / 2);
}

/** Returns the `error` of an answer in lower case; undefined when it has none. */
export function errorCode(body: unknown): string | undefined {
  const error = errorBody.safeParse(body);
  return error.success ? error.data.error.toLowerCase() : undefined;
}

export function splitScope(text: string): string[] {
  return text.split(/[,\s]+/).filter(Boolean);
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
