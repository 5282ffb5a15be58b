import { type Clock, Fault } from '@b24/portal';
import { setMaxListeners } from 'node:events';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CallerContext } from '../request-line';
import { doorOf } from './door';
import { onResponseClosed } from './pipelined';

const maxDeadlineMs = 120_000;

/** The caller of an authenticated request, with the signal that ends its wait. */
export const FromCaller = createParamDecorator((_: unknown, context: ExecutionContext): CallerContext =>
  callerOf(context.getArgByIndex<FastifyRequest>(0)),
);

/** Returns the caller of an authenticated request. During an idempotent write it has the attempt's signal. @throws Fault key_missing */
export function callerOf(request: FastifyRequest): CallerContext {
  const { scope } = request;
  const caller = (scope.caller ??= newCaller(request));
  return scope.attempt ? { ...caller, ...scope.attempt } : caller;
}

function newCaller(request: FastifyRequest): CallerContext {
  const { scope } = request;
  const { client, clock, calls } = scope;
  if (!client) throw new Fault('key_missing');
  const { traceparent } = request.headers;
  const deadlineMs = deadlineMsOf(request);
  const leftMs = leftOf(deadlineMs, request);
  const deadline = (scope.deadline = new RequestDeadline(clock, leftMs, deadlineMs));
  if (scope.isClosed) deadline.end(false);
  const caller = { client, requestId: request.id, signal: deadline.signal, deadlineAtMs: clock.now() + leftMs, calls };
  return typeof traceparent === 'string' ? { ...caller, traceparent } : caller;
}

/** The wait of a caller for its answer: one timer and one signal for everything that works for the request. */
export class RequestDeadline {
  readonly signal: AbortSignal;
  private readonly controller = new AbortController();
  private readonly callOff: () => void;

  constructor(clock: Clock, leftMs: number, deadlineMs: number) {
    this.signal = this.controller.signal;
    // Many calls of one request may listen to it.
    setMaxListeners(0, this.signal);
    this.callOff = clock.after(leftMs, () => {
      this.controller.abort(deadlineExceeded(deadlineMs));
    });
  }

  /** Called when the response is closed. What still works for a caller that hung up is aborted. */
  end(isAnswered: boolean): void {
    this.callOff();
    if (!isAnswered) this.controller.abort(hangUp());
  }
}

/** Returns a signal that aborts when the caller hangs up. It has no deadline: each call of a streamed answer has its own. */
export function hangUpSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  // Each call listens to it while it is in progress.
  setMaxListeners(0, controller.signal);
  onResponseClosed(reply.raw, () => {
    if (!reply.raw.writableFinished) controller.abort(hangUp());
  });
  return controller.signal;
}

export function deadlineExceeded(deadlineMs: number): Fault {
  return new Fault('deadline_exceeded', { detail: `The call waited ${deadlineMs} ms and was never sent.` });
}

function hangUp(): Fault {
  return new Fault('deadline_exceeded', { detail: 'The caller hung up.' });
}

/** Bounds work that precedes the call, such as authentication, by the same deadline. */
export function withinDeadline<T>(request: FastifyRequest, work: Promise<T>): Promise<T> {
  const { clock, settings } = request.scope;
  const deadlineMs = Math.min(statedDeadline(request) ?? settings.callTimeoutMs, maxDeadlineMs);
  return new Promise((resolve, reject) => {
    const callOff = clock.after(leftOf(deadlineMs, request), () => {
      reject(deadlineExceeded(deadlineMs));
    });
    work.then(resolve, reject).finally(callOff);
  });
}

function leftOf(deadlineMs: number, { scope }: FastifyRequest): number {
  return Math.max(0, deadlineMs - (scope.clock.now() - (scope.bodyReadAtMs ?? scope.arrivedAtMs)));
}

/** Returns the `X-Deadline-Ms` of a request; undefined when it is absent or malformed. */
function statedDeadline({ headers }: FastifyRequest): number | undefined {
  const text = headers['x-deadline-ms'];
  return typeof text === 'string' && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
}

/**
 * Returns the milliseconds that a call may take: set by the caller, or else by the settings. @throws Fault
 * invalid_request
 */
export function deadlineMsOf(request: FastifyRequest): number {
  if (request.headers['x-deadline-ms'] === undefined)
    return Math.max(request.scope.settings.callTimeoutMs, doorOf(request)?.minDeadlineMs ?? 0);
  const deadlineMs = statedDeadline(request) ?? NaN;
  if (deadlineMs <= maxDeadlineMs) return deadlineMs;
  const message = `Must be a whole number of milliseconds from 1 to ${maxDeadlineMs}.`;
  throw new Fault('invalid_request', { errors: [{ path: 'X-Deadline-Ms', message }] });
}
