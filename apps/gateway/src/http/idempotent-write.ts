import { randomUUID } from 'node:crypto';
import { asFault, Fault, type FaultCode, writeJson } from '@b24/portal';
import {
  type WriteAttempt,
  type IdempotentWrite,
  classifyWriteFailure,
  type RecordedAnswer,
  type WriteAnswer,
} from '@b24/idempotency';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { callerOf } from './caller';
import { isPayload } from './payload-body';
import { assertSafeJson } from './safe-json';
import { canonical, digestOf, idempotencyKey } from './idempotency-key';
import { prefersAsync } from './prefers-async';
import { problemType } from './render-problem';
import { toFault } from './to-fault';
import { problemOf } from './problem';

export const retryBehaviourMetadata = 'b24:retry behaviour';

/**
 * What a retry does if an earlier attempt with its key may have been executed.
 * settled: the operation settles it by its own rules. repeated: it runs again, which changes nothing more.
 * gone: it runs again, and finding nothing to delete is a success. unknown: the outcome cannot be found out and is
 * reported as unknown; for a write to our own store, a store that does not answer proves nothing.
 */
export type RetryBehaviour =
  | { readonly kind: 'settled' | 'repeated' }
  | { readonly kind: 'gone'; readonly code: FaultCode }
  | {
      readonly kind: 'unknown';
      readonly advice: string;
      readonly writesTo: 'store' | 'portal';
      /** With `Prefer: respond-async` the key identifies a job, which reports the outcome. */
      readonly orJob?: true;
    };

/** The request of a write with an `Idempotency-Key`. */
export interface KeyedWrite {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly key: string;
  readonly onRetry: RetryBehaviour;
}

/** Returns the `Idempotency-Key` that counts for a request; undefined if it has none or only reads. @throws Fault invalid_request */
export function keyOfWrite(request: FastifyRequest, onRetry: RetryBehaviour): string | undefined {
  const header = request.headers['idempotency-key'];
  if (header === undefined) return undefined;
  const key = idempotencyKey(header);
  if (request.scope.isRead || (onRetry.kind === 'unknown' && onRetry.orJob && prefersAsync(request))) return undefined;
  return key;
}

/** Executes a write with an `Idempotency-Key` once (docs/idempotency.md) and returns the body of its answer. */
export async function writeOnce(write: KeyedWrite, run: () => unknown): Promise<string | undefined> {
  const { request, reply, key, onRetry } = write;
  const { scope } = request;
  const caller = callerOf(request);
  const work = (attempt: WriteAttempt) => {
    scope.attempt = attempt;
    return answerOf(write, run, attempt.unknownOutcome !== undefined);
  };
  const claim = idempotentWriteOf(request, caller.client.id, key);
  const { answer: stored, replayed } = await scope.once.run(claim, caller, work, onRetry.kind !== 'unknown');
  const answer = 'notStored' in stored ? notStored(stored, request.id) : stored;
  if (replayed) void reply.header('Idempotent-Replayed', 'true');
  void reply.status(answer.status).headers(answer.headers);
  return answer.body === '' ? undefined : answer.body;
}

/**
 * @throws Fault invalid_request for a body that can't be walked safely: it is read here before any schema has seen it
 */
export function idempotentWriteOf(
  { method, url, body }: Pick<FastifyRequest, 'method' | 'url' | 'body'>,
  client: string,
  key: string,
): IdempotentWrite {
  if (!isPayload(body)) assertSafeJson(body);
  return {
    client,
    name: digestOf(client, key),
    fingerprint: digestOf(method, url, canonical(body ?? null)),
    holder: randomUUID(),
  };
}

/** Runs the operation. @throws Fault unless the outcome is certain and can be replayed */
async function answerOf(
  { request, reply, onRetry }: KeyedWrite,
  run: () => unknown,
  isUnknown: boolean,
): Promise<WriteAnswer> {
  if (isUnknown && onRetry.kind === 'unknown') throw new Fault('outcome_unknown', { detail: onRetry.advice });
  try {
    const value: unknown = await run();
    const location = reply.getHeader('Location');
    return {
      status: reply.statusCode,
      headers: {
        ...(value !== undefined && { 'Content-Type': 'application/json; charset=utf-8' }),
        ...(typeof location === 'string' && { Location: location }),
      },
      body: value === undefined ? '' : writeJson(value),
    };
  } catch (error) {
    const fault = toFault(error);
    if (isUnknown && onRetry.kind === 'gone' && fault.code === onRetry.code) {
      return { status: reply.statusCode, headers: {}, body: '' };
    }
    if (classifyWriteFailure(fault) === 'refused') return refusal(fault, request.id);
    if (onRetry.kind === 'unknown' && onRetry.writesTo === 'store' && fault.code === 'store_unavailable') {
      throw new Fault('outcome_unknown', { detail: onRetry.advice, cause: asFault(error) });
    }
    throw fault;
  }
}

function refusal(fault: Fault, requestId: string): WriteAnswer {
  return {
    status: fault.status,
    headers: { 'Content-Type': problemType },
    body: JSON.stringify(problemOf(fault, requestId, 'write')),
  };
}

/** The answer to a retry whose first answer was not stored: the write was executed, and where to look. */
function notStored(
  { status, headers, notStored: why }: Extract<RecordedAnswer, { notStored: unknown }>,
  requestId: string,
) {
  const reason = why === 'too_large' ? 'was too large to be kept' : 'found no room in the storage of this key';
  const detail = `The first request with this Idempotency-Key was answered with status ${status}; its answer ${reason}. It is not run again: read what it wrote, and do not send it with another key.`;
  const problem = refusal(new Fault('answer_not_stored', { detail }), requestId);
  return { ...problem, headers: { ...headers, ...problem.headers } };
}
