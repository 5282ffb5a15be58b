import type { Answer, Fault, FaultCode, Result } from '@b24/portal';

export interface SdkResponse {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Renders a fault of the gateway for an SDK, with the vendor's code and status that make the SDK react correctly. */
const vendorCodes: Partial<Record<FaultCode, readonly [code: string, status: number]>> = {
  key_missing: ['INVALID_CREDENTIALS', 401],
  key_invalid: ['INVALID_CREDENTIALS', 401],
  key_expired: ['INVALID_CREDENTIALS', 401],
  not_allowed: ['insufficient_scope', 403],
  insufficient_scope: ['insufficient_scope', 403],
  access_denied: ['METHOD_CONFIRM_DENIED', 403],
  reauthorization_required: ['NO_AUTH_FOUND', 401],
  portal_payment_required: ['PAYMENT_REQUIRED', 401],
  portal_not_found: ['PORTAL_DELETED', 404],
  portal_deleted: ['PORTAL_DELETED', 410],
  portal_uninstalled: ['APPLICATION_NOT_FOUND', 401],
  method_not_found: ['ERROR_METHOD_NOT_FOUND', 404],
  route_not_found: ['ERROR_METHOD_NOT_FOUND', 404],
  invalid_request: ['INVALID_REQUEST', 400],
  body_too_large: ['INVALID_REQUEST', 413],
  unsupported_media_type: ['INVALID_REQUEST', 415],
  operating_time_spent: ['OPERATION_TIME_LIMIT', 429],
  portal_suspended: ['OVERLOAD_LIMIT', 503],
  portal_waiting: ['OVERLOAD_LIMIT', 503],
  // Not executed: the SDK should wait and retry.
  queue_full: ['QUERY_LIMIT_EXCEEDED', 503],
  client_rate_limited: ['QUERY_LIMIT_EXCEEDED', 503],
  too_many_attempts: ['QUERY_LIMIT_EXCEEDED', 503],
  too_many_requests: ['QUERY_LIMIT_EXCEEDED', 503],
  portal_overloaded: ['QUERY_LIMIT_EXCEEDED', 503],
  store_unavailable: ['QUERY_LIMIT_EXCEEDED', 503],
  shutting_down: ['QUERY_LIMIT_EXCEEDED', 503],
  deadline_exceeded: ['QUERY_LIMIT_EXCEEDED', 503],
  authorization_server_error: ['CONNECTION_ERROR', 401],
  portal_error: ['ERROR_UNEXPECTED_ANSWER', 502],
  portal_unreachable: ['ERROR_UNEXPECTED_ANSWER', 502],
  host_not_allowed: ['ERROR_UNEXPECTED_ANSWER', 502],
  no_answer: ['ERROR_UNEXPECTED_ANSWER', 504],
  file_link_invalid: ['ERROR_METHOD_NOT_FOUND', 404],
  // It may have been executed.
  answer_too_large: ['ERROR_UNEXPECTED_ANSWER', 502],
  outcome_unknown: ['ERROR_UNEXPECTED_ANSWER', 504],
};

/**
 * HTTP statuses of the vendor's codes (docs/bitrix24-rules.md#errors), for an error without one; any other code is 400.
 */
const vendorStatuses: Readonly<Record<string, number>> = {
  error_method_not_found: 404,
  error_manifest_is_not_available: 404,
  insufficient_scope: 403,
  access_denied: 403,
  wrong_auth_type: 403,
  invalid_credentials: 403,
  authorization_error: 403,
  user_access_error: 403,
  payment_required: 401,
  no_auth_found: 401,
  operation_time_limit: 429,
  method_confirm_waiting: 401,
  method_confirm_denied: 403,
  internal_server_error: 500,
  error_unexpected_answer: 500,
};

/** Wraps a result in the vendor's envelope. */
export function vendorResult({ value, whole, total, next, time, envelope }: Result): SdkResponse {
  if (envelope) return { status: 200, body: { ...envelope, ...(!whole && { result: value }) } };
  // The portal's answer had no `result`, so this one has none either.
  if (whole) return { status: 200, body: { ...(value as Record<string, unknown>), ...(time && { time }) } };
  const page = { ...(next !== undefined && { next }), ...(total !== undefined && { total }) };
  return { status: 200, body: { result: value, ...page, ...(time && { time }) } };
}

export interface ErrorContext {
  /** The request that carried the command. */
  readonly request?: Answer['request'];
  /** Whether the caller uses version 3 of the API, whose errors are objects. */
  readonly isV3?: boolean | undefined;
}

/** Returns the portal's own error, or the vendor's code for a fault of the gateway. */
export function vendorError(fault: Fault, { request, isV3 }: ErrorContext = {}): SdkResponse {
  const { upstream, code } = fault;
  // The portal's error for a dead grant would only make an SDK repeat the call.
  if (upstream?.said && code !== 'reauthorization_required') {
    // A command of a shared request had no status of its own.
    const shared = request !== undefined && request.commands > 1;
    const status = shared ? (vendorStatuses[upstream.error.toLowerCase()] ?? 400) : upstream.status;
    return { status, body: upstream.said };
  }
  const [error, status] = vendorCodes[code] ?? ['INTERNAL_SERVER_ERROR', 500];
  if (isV3) return { status, body: { error: { code: error, message: fault.message } } };
  return { status, body: { error, error_description: fault.message } };
}
