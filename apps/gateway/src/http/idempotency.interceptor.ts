import { randomUUID } from 'node:crypto';
import { asFault, Fault, type FaultCode, writeJson } from '@b24/portal';
import {
  type WriteAttempt,
  type IdempotentWrite,
  classifyWriteFailure,
  type RecordedAnswer,
  IdempotencyRunner,
  type WriteAnswer,
} from '@b24/idempotency';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { lastValueFrom, type Observable, of } from 'rxjs';
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

/** Executes a write with an `Idempotency-Key` once (docs/idempotency.md). */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly once: IdempotencyRunner,
    private readonly reflector: Reflector,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const onRetry = this.reflector.get<RetryBehaviour | undefined>(retryBehaviourMetadata, context.getHandler());
    if (!onRetry) return next.handle();
    const key = idempotencyKey(request.headers['idempotency-key']);
    if (key === undefined || request.scope.isRead) return next.handle();
    if (onRetry.kind === 'unknown' && onRetry.orJob && prefersAsync(request)) return next.handle();
    const caller = callerOf(request, reply);
    const work = (attempt: WriteAttempt) => {
      request.scope.attempt = attempt;
      return answerOf(request, reply, next, onRetry, attempt.unknownOutcome !== undefined);
    };
    const claim = idempotentWriteOf(request, caller.client.id, key);
    const { answer: stored, replayed } = await this.once.run(claim, caller, work, onRetry.kind !== 'unknown');
    const answer = 'notStored' in stored ? notStored(stored, request.id) : stored;
    if (replayed) void reply.header('Idempotent-Replayed', 'true');
    void reply.status(answer.status).headers(answer.headers);
    return of(answer.body === '' ? undefined : answer.body);
  }
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
  request: FastifyRequest,
  reply: FastifyReply,
  next: CallHandler,
  onRetry: RetryBehaviour,
  isUnknown: boolean,
): Promise<WriteAnswer> {
  if (isUnknown && onRetry.kind === 'unknown') throw new Fault('outcome_unknown', { detail: onRetry.advice });
  try {
    const value: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
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
