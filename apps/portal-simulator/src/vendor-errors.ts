interface SimulatedError {
  /** The documented HTTP status. */
  readonly status: number;
  /** Other statuses seen in the field. */
  readonly seen?: readonly number[];
  readonly description: string;
  /** Where the error surfaces when the call travels in a batch: it fails one item, or the whole request. */
  readonly level: 'item' | 'request';
}

const wholeRequest = (status: number, description: string, seen: readonly number[] = []): SimulatedError => ({
  status,
  description,
  seen,
  level: 'request',
});
const item = (status: number, description: string, seen: readonly number[] = []): SimulatedError => ({
  status,
  description,
  seen,
  level: 'item',
});

/** Every code of the table in docs/bitrix24-rules.md#errors. */
export const vendorErrors = {
  QUERY_LIMIT_EXCEEDED: wholeRequest(503, 'Too many requests'),
  OVERLOAD_LIMIT: wholeRequest(503, 'REST API is blocked due to overload.'),
  OPERATION_TIME_LIMIT: item(429, 'Method is blocked due to operation time limit.'),
  expired_token: wholeRequest(401, 'The access token provided has expired.'),
  invalid_token: wholeRequest(401, 'Unable to get application by token'),
  CONNECTION_ERROR: wholeRequest(401, 'Error connecting to authorization server'),
  NO_AUTH_FOUND: wholeRequest(401, 'Wrong authorization data', [403]),
  INVALID_CREDENTIALS: wholeRequest(401, 'Invalid request credentials', [403]),
  WRONG_AUTH_TYPE: wholeRequest(403, 'Current authorization type is denied for this method', [401]),
  authorization_error: wholeRequest(401, 'Unable to authorize user'),
  user_access_error: wholeRequest(403, 'The user does not have access to the application.', [401]),
  insufficient_scope: item(403, 'The request requires higher privileges than provided by the access token', [401]),
  ACCESS_DENIED: wholeRequest(403, 'REST API is available only on commercial plans.', [401]),
  PAYMENT_REQUIRED: wholeRequest(401, 'Payment required', [403]),
  verification_needed: wholeRequest(401, 'Verification needed', [403]),
  APPLICATION_NOT_FOUND: wholeRequest(401, 'Application not found'),
  ERROR_OAUTH: wholeRequest(401, 'Application not installed'),
  NOT_INSTALLED: wholeRequest(401, 'Application not installed'),
  METHOD_CONFIRM_WAITING: item(401, 'Waiting for confirmation'),
  METHOD_CONFIRM_DENIED: item(403, 'Method call denied'),
  ERROR_METHOD_NOT_FOUND: item(404, 'Method not found!'),
  INVALID_REQUEST: wholeRequest(400, 'Https required.'),
  ERROR_ARGUMENT: item(400, 'Argument is null or empty'),
  ERROR_CORE: item(400, 'Internal error'),
  ERROR_BATCH_METHOD_NOT_ALLOWED: item(405, 'Method is not allowed for batch usage', [200]),
  ERROR_BATCH_LENGTH_EXCEEDED: item(400, 'Max batch length exceeded', [200]),
  ERROR_MANIFEST_IS_NOT_AVAILABLE: item(404, 'Manifest is not available'),
  INTERNAL_SERVER_ERROR: wholeRequest(500, 'Internal server error'),
  ERROR_UNEXPECTED_ANSWER: wholeRequest(500, 'Server returned an unexpected response'),
  PORTAL_DELETED: wholeRequest(500, 'Portal was deleted', [403, 410]),
} as const satisfies Record<string, SimulatedError>;

export type VendorErrorCode = keyof typeof vendorErrors;

export function vendorError(code: VendorErrorCode): SimulatedError {
  return vendorErrors[code];
}

export function isVendorErrorCode(kind: string): kind is VendorErrorCode {
  return Object.hasOwn(vendorErrors, kind);
}
