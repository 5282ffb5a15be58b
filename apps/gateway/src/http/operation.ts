import type { Scope } from '@b24/access';
import type { FaultCode } from '@b24/portal';
import { applyDecorators, HttpCode, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOperation, ApiResponse, type ApiResponseOptions } from '@nestjs/swagger';
import type { z } from 'zod';
import { apiDoor } from './api-door';
import { AuditBody } from './audit-fields';
import { type Door, openDoor } from './door';
import { type RetryBehaviour, retryBehaviourMetadata } from './idempotent-write';
import { RouteOf, type UnvalidatedRequest } from './operation-route';
import { headerReferences, idempotencyFaults, keyFaults, problemResponses } from './problem-responses';

export interface OperationOptions {
  /** The operationId: unique, and a good method name in a generated client. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  /** The scope that the key must have; absent when no key is needed. */
  readonly scope?: Scope;
  /** The parameter of the path that names a client, if that client needs no scope. */
  readonly ownClientIn?: string;
  /** The entry point of its requests, where it does not follow from `scope`. */
  readonly door?: Door;
  readonly status: number;
  readonly answer?: z.ZodType;
  /** The content type of a text answer, instead of `answer`. */
  readonly textType?: string;
  /**
   * The schemas of the lines of an NDJSON answer; each has an id and is listed in openapi-document.ts. With `answer`, which
   * then is listed there, too, the caller chooses by `Accept`.
   */
  readonly lines?: readonly z.ZodType[];
  /** Whether the caller may choose CSV instead of `answer` by `Accept`; the answer is listed in openapi-document.ts. */
  readonly orCsv?: true;
  readonly example?: unknown;
  /** The description of the answer. */
  readonly says: string;
  /** Besides those of every response: header objects, or references to shared ones (`headerReferences`). */
  readonly headers?: Readonly<Record<string, object>>;
  /** For a write: what a retry with the same Idempotency-Key does when the outcome of the first attempt is unknown. */
  readonly onRetry?: RetryBehaviour;
  /** Whether a request only reads although its verb writes. Runs before the request is validated. */
  readonly onlyReads?: (request: UnvalidatedRequest) => boolean;
  /** Its own faults, in addition to `keyFaults`. */
  readonly faults?: readonly FaultCode[];
}

/** Sets the required scope and everything that the OpenAPI document says about the operation. */
export function Operation(options: OperationOptions): MethodDecorator {
  const { textType, example, headers, onRetry, onlyReads } = options;
  const own = [...(options.faults ?? []), ...(onRetry ? onceFaults(onRetry) : [])];
  const faults = [...new Set([...(options.scope ? keyFaults : []), ...own])];
  return applyDecorators(
    HttpCode(options.status),
    ...auditOf(options),
    RouteOf(doorFor(options), {
      action: options.id,
      ...(options.scope && { scope: options.scope }),
      ...(options.ownClientIn && { ownClientIn: options.ownClientIn }),
      ...(onlyReads && { onlyReads }),
    }),
    ...(options.scope ? [ApiBearerAuth('key')] : []),
    ...(onRetry ? [SetMetadata(retryBehaviourMetadata, onRetry), idempotencyKeyHeader] : []),
    ApiOperation({
      operationId: options.id,
      summary: options.summary,
      ...(options.description && { description: options.description }),
    }),
    ApiResponse({
      status: options.status,
      description: options.says,
      headers: {
        ...headerReferences('X-Request-Id', ...(onRetry ? (['Idempotent-Replayed'] as const) : [])),
        ...headers,
      },
      ...answerOf(options),
      ...(textType && { content: { [textType]: { schema: { type: 'string' } } } }),
      ...(example !== undefined && { example }),
    }),
    ...problemResponses(faults).map((it) => ApiResponse(it as ApiResponseOptions)),
    ApiHeader({
      name: 'X-Request-Id',
      required: false,
      description:
        'Your name for this request, repeated in the log and in every problem. The gateway generates one when it is absent.',
      schema: { type: 'string', maxLength: 128 },
    }),
    ...(faults.includes('deadline_exceeded') ? [deadlineHeader] : []),
  );
}

/** Calls of any method record the names of their methods, not their body. */
function auditOf({ scope }: OperationOptions): MethodDecorator[] {
  return scope && scope !== 'call' ? [AuditBody()] : [];
}

function doorFor({ door, scope }: OperationOptions): Door {
  return door ?? (scope ? apiDoor : openDoor);
}

function answerOf({ answer, lines, orCsv }: OperationOptions): object {
  if (answer && orCsv) return { content: { ...jsonOf(answer), 'text/csv': { schema: { type: 'string' } } } };
  return lines ? linesOf(lines, answer) : answer ? { standardSchema: answer } : {};
}

/** OpenAPI 3.1 cannot describe lines: the schema is that of one line. */
function linesOf(schemas: readonly z.ZodType[], answer: z.ZodType | undefined) {
  const [only, ...others] = schemas.map(referenceTo);
  const schema = others.length > 0 ? { anyOf: [only, ...others] } : only;
  return { content: { ...(answer && jsonOf(answer)), 'application/x-ndjson': { schema } } };
}

function jsonOf(answer: z.ZodType) {
  return { 'application/json': { schema: referenceTo(answer) } };
}

function referenceTo(schema: z.ZodType): { readonly $ref: string } {
  return { $ref: `#/components/schemas/${schema.meta()?.id ?? ''}` };
}

function onceFaults({ kind }: RetryBehaviour): FaultCode[] {
  return kind === 'unknown' ? [...idempotencyFaults, 'outcome_unknown'] : [...idempotencyFaults];
}

const idempotencyKeyHeader = ApiHeader({
  name: 'Idempotency-Key',
  required: false,
  description:
    'Your name for this write, for example a UUID: a new one for each write, the same one for its retries. For 24 hours a retry gets the stored answer, and nothing is written twice.',
  // Has no example: a page that fills it in would make every second attempt a conflict.
  schema: { type: 'string', minLength: 1, maxLength: 512 },
});
const deadlineHeader = ApiHeader({
  name: 'X-Deadline-Ms',
  required: false,
  description:
    'How long you wait for the answer, in milliseconds. After that the answer is `deadline_exceeded` (not sent) or `outcome_unknown` (sent). Defaults to the setting `CALL_TIMEOUT_MS`: 30000.',
  schema: { type: 'integer', minimum: 1, maximum: 120_000 },
});
