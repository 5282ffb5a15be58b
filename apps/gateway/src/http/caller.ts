import type { Client } from '@b24/access';
import { type Clock, Fault, type FaultCode, type PortalId } from '@b24/portal';
import { setMaxListeners } from 'node:events';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CallerContext } from '../request-line';
import type { AuditFields } from './audit-fields';
import { whenOver } from './pipelined';

/** What the audit log will tell of a write: begun by the key guard, completed by a controller that knows more. */
export interface AuditContext {
  /** The operation's id. */
  readonly action: string;
  /** Resolves to nothing when there is no such portal. */
  portal: Promise<PortalId | undefined>;
  /** The fields of the body that are recorded. */
  readonly fields: AuditFields;
  readonly ids: Record<string, number | string | boolean>;
}

export interface GatewayRequest extends FastifyRequest {
  client?: Client;
  clock?: Clock;
  callTimeoutMs?: number;
  /** Made when first asked for: whoever waits for this request waits by one deadline. */
  caller?: CallerContext;
  /** Unix milliseconds; a deadline counts from here. */
  arrivedAtMs?: number;
  /** Of a write. */
  auditContext?: AuditContext;
  /** It writes nothing, whatever its verb says. */
  onlyReads?: boolean;
  /** Why it was refused. */
  faultCode?: FaultCode;
}

const longestDeadlineMs = 120_000;

/** The caller of a request that the key guard let in, with the signal that ends its wait. */
export const FromCaller = createParamDecorator((_: unknown, context: ExecutionContext): CallerContext => {
  const http = context.switchToHttp();
  return callerOf(http.getRequest<GatewayRequest>(), http.getResponse<FastifyReply>());
});

export function callerOf(request: GatewayRequest, reply: FastifyReply): CallerContext {
  request.caller ??= newCaller(request, reply);
  return request.caller;
}

function newCaller(request: GatewayRequest, reply: FastifyReply): CallerContext {
  const { client, clock } = request;
  if (!client || !clock) throw new Fault('key_missing');
  const { traceparent } = request.headers;
  const controller = new AbortController();
  // Many calls of one request may wait by it.
  setMaxListeners(0, controller.signal);
  const deadlineMs = deadlineMsOf(request);
  const leftMs = leftOf(deadlineMs, request, clock);
  const callOff = clock.after(leftMs, () => {
    controller.abort(tooLate(deadlineMs));
  });
  whenOver(reply.raw, () => {
    callOff();
    if (reply.raw.writableFinished) return;
    controller.abort(hangUp());
  });
  const traced = typeof traceparent === 'string' && { traceparent };
  const deadlineAtMs = clock.now() + leftMs;
  return { client, requestId: request.id, signal: controller.signal, deadlineAtMs, ...traced };
}

/** Aborts when the caller hangs up, at no deadline: an answer of many calls gives each its own. */
export function whileListening(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  // Each call listens to it for as long as it is under way.
  setMaxListeners(0, controller.signal);
  whenOver(reply.raw, () => {
    if (!reply.raw.writableFinished) controller.abort(hangUp());
  });
  return controller.signal;
}

export function tooLate(deadlineMs: number): Fault {
  return new Fault('deadline_exceeded', { detail: `The call waited ${deadlineMs} ms and was never sent.` });
}

function hangUp(): Fault {
  return new Fault('deadline_exceeded', { detail: 'The caller hung up.' });
}

/** What is asked before the call itself, as whose key this is, ends with the same deadline. */
export function inTime<T>(request: GatewayRequest, work: Promise<T>): Promise<T> {
  const { clock, callTimeoutMs } = request;
  if (!clock || !callTimeoutMs) return work;
  const deadlineMs = Math.min(statedDeadline(request) ?? callTimeoutMs, longestDeadlineMs);
  return new Promise((resolve, reject) => {
    const callOff = clock.after(leftOf(deadlineMs, request, clock), () => {
      reject(tooLate(deadlineMs));
    });
    work.then(resolve, reject).finally(callOff);
  });
}

function leftOf(deadlineMs: number, { arrivedAtMs }: GatewayRequest, clock: Clock): number {
  return Math.max(0, deadlineMs - (clock.now() - (arrivedAtMs ?? clock.now())));
}

/** As the caller wrote it; undefined when it is absent or malformed. */
function statedDeadline({ headers }: FastifyRequest): number | undefined {
  const text = headers['x-deadline-ms'];
  return typeof text === 'string' && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
}

/** How long a call may take: as the caller says, or as the settings do. @throws Fault invalid_request */
export function deadlineMsOf(request: GatewayRequest): number {
  if (request.headers['x-deadline-ms'] === undefined) return request.callTimeoutMs ?? longestDeadlineMs;
  const deadlineMs = statedDeadline(request) ?? NaN;
  if (deadlineMs <= longestDeadlineMs) return deadlineMs;
  const message = `Must be a whole number of milliseconds from 1 to ${longestDeadlineMs}.`;
  throw new Fault('invalid_request', { errors: [{ path: 'X-Deadline-Ms', message }] });
}
