interface VendorError {
  /** The documented HTTP status. */
  readonly status: number;
  /** Other statuses seen in the field. */
  readonly seen?: readonly number[];
  readonly description: string;
  /** Where the error surfaces when the call travels in a batch: it fails one item, or the whole trip. */
  readonly level: 'item' | 'trip';
}

const trip = (status: number, description: string, seen: readonly number[] = []): VendorError => ({
  status,
  description,
  seen,
  level: 'trip',
});
const item = (status: number, description: string, seen: readonly number[] = []): VendorError => ({
  status,
  description,
  seen,
  level: 'item',
});

/** Every code of the table in docs/bitrix24-rules.md#errors. */
export const vendorErrors = {
  QUERY_LIMIT_EXCEEDED: trip(503, 'Too many requests'),
  OVERLOAD_LIMIT: trip(503, 'REST API is blocked due to overload.'),
  OPERATION_TIME_LIMIT: item(429, 'Method is blocked due to operation time limit.'),
  expired_token: trip(401, 'The access token provided has expired.'),
  invalid_token: trip(401, 'Unable to get application by token'),
  CONNECTION_ERROR: trip(401, 'Error connecting to authorization server'),
  NO_AUTH_FOUND: trip(401, 'Wrong authorization data', [403]),
  INVALID_CREDENTIALS: trip(401, 'Invalid request credentials', [403]),
  WRONG_AUTH_TYPE: trip(403, 'Current authorization type is denied for this method', [401]),
  authorization_error: trip(401, 'Unable to authorize user'),
  user_access_error: trip(403, 'The user does not have access to the application.', [401]),
  insufficient_scope: item(403, 'The request requires higher privileges than provided by the access token', [401]),
  ACCESS_DENIED: trip(403, 'REST API is available only on commercial plans.', [401]),
  PAYMENT_REQUIRED: trip(401, 'Payment required', [403]),
  verification_needed: trip(401, 'Verification needed', [403]),
  APPLICATION_NOT_FOUND: trip(401, 'Application not found'),
  ERROR_OAUTH: trip(401, 'Application not installed'),
  NOT_INSTALLED: trip(401, 'Application not installed'),
  METHOD_CONFIRM_WAITING: item(401, 'Waiting for confirmation'),
  METHOD_CONFIRM_DENIED: item(403, 'Method call denied'),
  ERROR_METHOD_NOT_FOUND: item(404, 'Method not found!'),
  INVALID_REQUEST: trip(400, 'Https required.'),
  ERROR_ARGUMENT: item(400, 'Argument is null or empty'),
  ERROR_CORE: item(400, 'Internal error'),
  ERROR_BATCH_METHOD_NOT_ALLOWED: item(405, 'Method is not allowed for batch usage', [200]),
  ERROR_BATCH_LENGTH_EXCEEDED: item(400, 'Max batch length exceeded', [200]),
  ERROR_MANIFEST_IS_NOT_AVAILABLE: item(404, 'Manifest is not available'),
  INTERNAL_SERVER_ERROR: trip(500, 'Internal server error'),
  ERROR_UNEXPECTED_ANSWER: trip(500, 'Server returned an unexpected response'),
  PORTAL_DELETED: trip(500, 'Portal was deleted', [403, 410]),
} as const satisfies Record<string, VendorError>;

export type VendorErrorCode = keyof typeof vendorErrors;

export function vendorError(code: VendorErrorCode): VendorError {
  return vendorErrors[code];
}

export function isVendorErrorCode(kind: string): kind is VendorErrorCode {
  return Object.hasOwn(vendorErrors, kind);
}
