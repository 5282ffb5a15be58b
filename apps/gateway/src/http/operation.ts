import type { Scope } from '@b24/access';
import { type FaultCode, faultTable } from '@b24/portal';
import { applyDecorators, HttpCode, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOperation, ApiResponse } from '@nestjs/swagger';
import type { z } from 'zod';
import { apiDoor } from './api-door';
import { AuditBody } from './audit-fields';
import { type Door, openDoor, Through } from './door';
import { onlyReadsMetadata, operationMetadata, scopeMetadata, type Unread } from './key.guard';
import { type InDoubt, inDoubtMetadata } from './once.interceptor';
import { problemSchema } from './problem';

export interface OperationOptions {
  /** A good method name for a generated client. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  /** What the key must have; absent for what needs no key. */
  readonly scope?: Scope;
  /** How its requests come in, where that is not what the scope says. */
  readonly door?: Door;
  readonly status: number;
  readonly answer?: z.ZodType;
  /** Of an answer that is text, instead of `answer`. */
  readonly textType?: string;
  /** Of an answer of JSON lines (NDJSON): what each may be, by schemas that have an id and are in openapi.ts. */
  readonly lines?: readonly z.ZodType[];
  readonly example?: unknown;
  readonly says: string;
  readonly headers?: Record<string, { description: string; schema: { type: 'string' } }>;
  /** For a write: what a retry with the same Idempotency-Key does when it is not known what became of the first. */
  readonly inDoubt?: InDoubt;
  /** Which of its requests write nothing, though they are posted: asked before a schema has seen them. */
  readonly onlyReads?: (request: Unread) => boolean;
  /** The faults of its own, besides those of every keyed operation. */
  readonly faults?: readonly FaultCode[];
}

/** What every operation with a key can answer. */
const keyed: readonly FaultCode[] = [
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

/** What a portal, or the way to it, can answer to any call. */
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
  'deadline_exceeded',
  'outcome_unknown',
];

/** What every call that goes down the line can answer. */
export const lineFaults: readonly FaultCode[] = [
  ...portalFaults,
  'portal_not_found',
  'portal_suspended',
  'portal_waiting',
  'queue_full',
  'authorization_server_error',
  'shutting_down',
];

/** One decorator sets the key's scope and the operation's whole place in the OpenAPI document. */
export function Operation(options: OperationOptions): MethodDecorator {
  const { answer, textType, lines, example, headers, inDoubt, onlyReads } = options;
  const own = [...(options.faults ?? []), ...(inDoubt ? onceFaults(inDoubt) : [])];
  const faults = [...new Set([...(options.scope ? keyed : []), ...own])];
  return applyDecorators(
    HttpCode(options.status),
    SetMetadata(operationMetadata, options.id),
    Through(doorFor(options)),
    ...(options.scope ? [SetMetadata(scopeMetadata, options.scope), ApiBearerAuth('key')] : []),
    ...(onlyReads ? [SetMetadata(onlyReadsMetadata, onlyReads)] : []),
    ...auditOf(options),
    ...(inDoubt ? [SetMetadata(inDoubtMetadata, inDoubt), idempotencyKeyHeader] : []),
    ApiOperation({
      operationId: options.id,
      summary: options.summary,
      ...(options.description && { description: options.description }),
    }),
    ApiResponse({
      status: options.status,
      description: options.says,
      headers: { ...requestIdHeader, ...(inDoubt && replayedHeader), ...headers },
      ...(answer && { standardSchema: answer }),
      ...(textType && { content: { [textType]: { schema: { type: 'string' } } } }),
      ...(lines && linesOf(lines)),
      ...(example !== undefined && { example }),
    }),
    ...problemResponses(faults, inDoubt !== undefined),
    ApiHeader({
      name: 'X-Request-Id',
      required: false,
      description: 'A name of yours for this request, which the log and every problem repeat; made when absent.',
      schema: { type: 'string', maxLength: 128 },
    }),
    ...(faults.includes('deadline_exceeded') ? [deadlineHeader] : []),
  );
}

/** Calls of any method record the methods that they run, not their body. */
function auditOf({ scope }: OperationOptions): MethodDecorator[] {
  return scope && scope !== 'call' ? [AuditBody()] : [];
}

function doorFor({ door, scope }: OperationOptions): Door {
  return door ?? (scope ? apiDoor : openDoor);
}

/** OpenAPI 3.0 has no words for lines: the schema is a line's. */
function linesOf(schemas: readonly z.ZodType[]) {
  const anyOf = schemas.map((it) => ({ $ref: `#/components/schemas/${it.meta()?.id ?? ''}` }));
  return { content: { 'application/x-ndjson': { schema: { anyOf } } } };
}

function onceFaults({ kind }: InDoubt): FaultCode[] {
  const faults: FaultCode[] = ['idempotency_conflict', 'answer_not_kept', 'storage_budget_spent'];
  return kind === 'unknown' ? [...faults, 'outcome_unknown'] : faults;
}

const idempotencyKeyHeader = ApiHeader({
  name: 'Idempotency-Key',
  required: false,
  description:
    'A name of your own for this write, as a UUID: new for each and the same for its retries. For 24 hours they are told what the first was told, and nothing is written twice.',
  // No example: a page that fills it in would make every second try a conflict.
  schema: { type: 'string', minLength: 1, maxLength: 512 },
});
const replayedHeader = {
  'Idempotent-Replayed': {
    description: '`true` when this is what an earlier call with the same `Idempotency-Key` was told.',
    schema: { type: 'string' as const, enum: ['true'] },
  },
};
const requestIdHeader = {
  'X-Request-Id': { description: 'Names this request in the logs.', schema: { type: 'string' as const } },
};
const retryAfterHeader = {
  'Retry-After': {
    description: 'Seconds to wait before the call is made again.',
    schema: { type: 'integer' as const },
  },
};
const deadlineHeader = ApiHeader({
  name: 'X-Deadline-Ms',
  required: false,
  description:
    'How long you will wait, in milliseconds. Past it the answer is `deadline_exceeded` (never sent) or `outcome_unknown` (sent). By default what the setting `CALL_TIMEOUT_MS` says: 30000.',
  schema: { type: 'integer', minimum: 1, maximum: 120_000 },
});

/** Under these a portal's refusal of a write is told again. */
const retold = [403, 404, 409, 410, 422];
/** Under these it is said when to come back; under 502 where that is known. */
const waitable = [429, 502, 503];
/** Under these a write may be asked for again by its Idempotency-Key, after a while. */
const settledLater = [409, 502, 504];

/** One answer a status, with an example of each code under it. */
function problemResponses(faults: readonly FaultCode[], isWrite: boolean): MethodDecorator[] {
  const statuses = [...new Set(faults.map((code) => faultTable[code].status))].sort((a, b) => a - b);
  return statuses.map((status) => {
    const codes = faults.filter((code) => faultTable[code].status === status);
    return ApiResponse({
      status,
      description: codes.map((code) => `\`${code}\`: ${faultTable[code].title}.`).join(' '),
      headers: {
        ...requestIdHeader,
        ...(isWrite && retold.includes(status) && replayedHeader),
        ...((waitable.includes(status) || (isWrite && settledLater.includes(status))) && retryAfterHeader),
      },
      content: {
        'application/problem+json': {
          schema: { $ref: '#/components/schemas/Problem' },
          examples: Object.fromEntries(codes.map((code) => [code, { value: exampleProblem(code) }])),
        },
      },
    });
  });
}

function exampleProblem(code: FaultCode): z.infer<typeof problemSchema> {
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
