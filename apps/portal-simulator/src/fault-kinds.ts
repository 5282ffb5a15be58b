import { type VendorErrorCode, isVendorErrorCode, vendorError } from './vendor-errors';

/** Things that can happen to any HTTP answer, on the portal as on the authorization server. */
export const wireFaults = [
  'html',
  'empty',
  'truncated',
  'huge',
  'cut-before',
  'cut-after',
  'slow',
  'hang',
  'stall',
  'trickle',
  'redirect',
  'result-missing',
  'result-null',
  'json-array',
  'json-null',
  'json-text',
  'custom',
] as const;
export type WireFault = (typeof wireFaults)[number];

/** Error bodies whose `error` is `0`, `"0"`, `""`, `100` or `"100"` (docs/bitrix24-rules.md#errors). */
export const oddErrors = {
  'error-0': 0,
  'error-"0"': '0',
  'error-empty': '',
  'error-100': 100,
  'error-"100"': '100',
} as const;
export type OddError = keyof typeof oddErrors;

/**
 * A `delete` that answers `[]` and deletes nothing; a method that answers `false` and does nothing
 * (docs/bitrix24-rules.md#scrum); a batch that stops after `ranOnly` commands.
 */
export type BehaviourFault = 'silent-delete' | 'silent-false' | 'unrun';

export type PortalFaultKind = VendorErrorCode | OddError | WireFault | BehaviourFault;

/** Errors of the token endpoint with their HTTP status (docs/bitrix24-rules.md#oauth). */
export const oauthErrors = {
  wrong_client: 200,
  invalid_client: 400,
  invalid_grant: 400,
  invalid_request: 400,
  NO_AUTH_FOUND: 401,
  NOT_INSTALLED: 401,
  PAYMENT_REQUIRED: 401,
  insufficient_scope: 403,
  invalid_scope: 403,
  INTERNAL_SERVER_ERROR: 500,
} as const;
export type OauthErrorCode = keyof typeof oauthErrors;

/** Answers that are well formed and wrong: another portal's member id, an endpoint somewhere else, a missing field. */
export type MisleadingAnswer = 'other-member' | 'foreign-endpoint' | 'no-refresh-token' | 'other-client';

/** `answer-lost` rotates the family, then destroys the socket. */
export type OauthFaultKind = OauthErrorCode | WireFault | MisleadingAnswer | 'answer-lost';

export function isWireFault(kind: string): kind is WireFault {
  return (wireFaults as readonly string[]).includes(kind);
}

export function isOddError(kind: string): kind is OddError {
  return Object.hasOwn(oddErrors, kind);
}

/**
 * Whether an injected fault strikes one command inside a batch, or the whole HTTP request. What a method of a batch says is
 * caught and put into `result_error`, whatever its code (docs/bitrix24-rules.md#batch).
 */
export function levelOf(kind: string, method?: string): 'item' | 'request' {
  const isOfMethod = method !== undefined && method.toLowerCase() !== 'batch';
  if (isOfMethod && isVendorErrorCode(kind)) return 'item';
  if (isOddError(kind) || kind.startsWith('silent-')) return 'item';
  return isVendorErrorCode(kind) ? vendorError(kind).level : 'request';
}
