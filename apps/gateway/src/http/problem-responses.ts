import { STATUS_CODES } from 'node:http';
import { type FaultCode, faultCodes, faultTable } from '@b24/portal';
import type { Problem } from './problem';

/** Faults of every operation that needs a key. */
export const keyFaults: readonly FaultCode[] = [
  'invalid_request',
  'key_missing',
  'key_invalid',
  'key_expired',
  'session_ended',
  'not_allowed',
  'client_rate_limited',
  'too_many_attempts',
  'too_many_requests',
  'store_unavailable',
  'internal_error',
];

/** Faults of any call to a portal. */
export const portalFaults: readonly FaultCode[] = [
  'portal_payment_required',
  'access_denied',
  'insufficient_scope',
  'method_not_found',
  'reauthorization_required',
  'portal_deleted',
  'portal_uninstalled',
  'rejected_by_portal',
  'operating_time_spent',
  'portal_error',
  'portal_unreachable',
  'answer_too_large',
  'host_not_allowed',
  'portal_overloaded',
  'no_answer',
  'deadline_exceeded',
  'outcome_unknown',
];

/** Faults of every call through the request line. */
export const lineFaults: readonly FaultCode[] = [
  ...portalFaults,
  'portal_not_found',
  'portal_suspended',
  'portal_waiting',
  'queue_full',
  'authorization_server_error',
  'shutting_down',
];

/** Faults of every write that takes an Idempotency-Key. */
export const idempotencyFaults: readonly FaultCode[] = [
  'idempotency_conflict',
  'answer_not_stored',
  'storage_budget_spent',
];

/** `components.headers`, by the names that responses use. */
export const sharedHeaders = {
  'X-Request-Id': { description: 'Names this request in the logs.', schema: { type: 'string' } },
  'Retry-After': { description: 'Seconds to wait before the next attempt.', schema: { type: 'integer' } },
  'Idempotent-Replayed': {
    description: '`true` when this is the stored answer to an earlier write with the same `Idempotency-Key`.',
    schema: { type: 'string', enum: ['true'] as string[] },
  },
  'Server-Timing': {
    description:
      'Where the time went: `queue` and `upstream` in milliseconds, and `request`, the number of commands in the request to the portal.',
    schema: { type: 'string' },
    example: 'queue;dur=312, upstream;dur=41, request;desc="37 commands"',
  },
  RateLimit: {
    description:
      'draft-ietf-httpapi-ratelimit-headers: `r` requests may be sent to the portal at once, each with up to 50 commands; after `t` seconds one more may. At 0, calls wait and share the next request.',
    schema: { type: 'string' },
    example: '"portal";r=45;t=1',
  },
  'RateLimit-Policy': {
    description: 'A burst of `q` requests, which refills in `w` seconds.',
    schema: { type: 'string' },
    example: '"portal";q=46;w=23',
  },
  Location: { description: 'The path of what was created.', schema: { type: 'string' } },
  'Preference-Applied': { description: '`respond-async`.', schema: { type: 'string' } },
} as const;

interface Reference {
  readonly $ref: string;
}

/** References to shared headers, as a response has them. */
export function headerReferences(...names: readonly (keyof typeof sharedHeaders)[]): Record<string, Reference> {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

/** `components.examples`: one problem for each code that these paths refer to. */
export function problemExamples(paths: object): Record<string, { readonly value: Problem }> {
  const text = JSON.stringify(paths);
  const codes = faultCodes.filter((code) => text.includes(`"#/components/examples/${code}"`));
  return Object.fromEntries(codes.map((code) => [code, { value: exampleProblem(code) }]));
}

/** Statuses of problems that are stored and replayed to a retry of a write. */
const replayedStatuses = [403, 404, 409, 410, 422];
/** Statuses that may say when to try again. */
const retryLaterStatuses = [409, 429, 502, 503, 504];

/** The extension that names the component that an object becomes. `shareComponents` removes it. */
export const componentName = 'x-component';

export interface ProblemResponse {
  readonly status: number;
  readonly [componentName]: string;
  readonly description: string;
  readonly headers: Record<string, Reference>;
  readonly content: Record<
    string,
    { readonly schema: Reference; readonly examples: Readonly<Record<string, Reference>> }
  >;
}

/** One response for each status, with a reference to an example of each code. */
export function problemResponses(faults: readonly FaultCode[]): ProblemResponse[] {
  const statuses = [...new Set(faults.map((code) => faultTable[code].status))].sort((a, b) => a - b);
  return statuses.map((status) => {
    // In the order of the table, so that operations with the same codes share a response.
    const codes = faultCodes.filter((code) => faults.includes(code) && faultTable[code].status === status);
    return {
      status,
      [componentName]: nameOf(status, codes),
      description: `${codes.map((code) => `\`${code}\``).join(', ')}.`,
      headers: headerReferences(
        'X-Request-Id',
        ...(replayedStatuses.includes(status) ? (['Idempotent-Replayed'] as const) : []),
        ...(retryLaterStatuses.includes(status) ? (['Retry-After'] as const) : []),
      ),
      content: {
        'application/problem+json': {
          schema: { $ref: '#/components/schemas/Problem' },
          examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
        },
      },
    };
  });
}

/** Codes that occur together, and their name within the name of a response. */
const groups: readonly (readonly [string, readonly FaultCode[]])[] = [
  ['', keyFaults],
  ['.call', lineFaults],
  ['.portal', portalFaults],
  ['.write', idempotencyFaults],
];

/**
 * Names a response by its status, the groups of codes that it has, and its other codes: `NotFound.call.epic_not_found`.
 */
function nameOf(status: number, codes: readonly FaultCode[]): string {
  let name = (STATUS_CODES[status] ?? `${status}`).replace(/\W/g, '');
  let others = codes;
  for (const [word, group] of groups) {
    const members = group.filter((code) => faultTable[code].status === status);
    if (members.length === 0 || !members.every((code) => others.includes(code))) continue;
    name += word;
    others = others.filter((code) => !members.includes(code));
  }
  return [name, ...others].join('.');
}

function exampleProblem(code: FaultCode): Problem {
  const { title, status, advice, retry } = faultTable[code];
  return {
    type: `urn:b24-gateway:problem:${code}`,
    title,
    status,
    detail: advice,
    code,
    requestId: 'b1f0c9d2-6c1e-4a57-9f0e-2f9f4d1c8a10',
    retryable: retry === 'safe',
  };
}
