import type { Client } from '@b24/access';
import { type Clock, Fault, type FaultCode, type PortalId } from '@b24/portal';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../request-line';

/** What the audit log will tell of a write: begun by the key guard, completed by a controller that knows more. */
export interface Trail {
  /** The operation's id. */
  readonly action: string;
  /** Resolves to nothing when there is no such portal. */
  portal: Promise<PortalId | undefined>;
  readonly ids: Record<string, number | string | boolean>;
}

export interface GatewayRequest extends FastifyRequest {
  client?: Client;
  clock?: Clock;
  callTimeoutMs?: number;
  /** Of a write. */
  trail?: Trail;
  /** Why it was refused. */
  faultCode?: FaultCode;
}

const longestDeadlineMs = 120_000;

/** The caller of a request that the key guard let in, with the signal that ends its wait. */
export const FromCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const http = context.switchToHttp();
  return callerOf(http.getRequest<GatewayRequest>(), http.getResponse<FastifyReply>());
});

function callerOf(request: GatewayRequest, reply: FastifyReply): Caller {
  const { client, clock, callTimeoutMs } = request;
  if (!client || !clock || !callTimeoutMs) throw new Fault('key_missing');
  const controller = new AbortController();
  const deadlineMs = deadlineOf(request) ?? callTimeoutMs;
  const callOff = clock.after(deadlineMs, () => {
    controller.abort(
      new Fault('deadline_exceeded', { detail: `The call waited ${deadlineMs} ms and was never sent.` }),
    );
  });
  reply.raw.once('close', () => {
    callOff();
    if (reply.raw.writableFinished) return;
    controller.abort(new Fault('deadline_exceeded', { detail: 'The caller hung up.' }));
  });
  return { client, signal: controller.signal };
}

function deadlineOf({ headers }: FastifyRequest): number | undefined {
  const text = headers['x-deadline-ms'];
  if (text === undefined) return undefined;
  const deadlineMs = typeof text === 'string' && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : NaN;
  if (deadlineMs <= longestDeadlineMs) return deadlineMs;
  const message = `Must be a whole number of milliseconds from 1 to ${longestDeadlineMs}.`;
  throw new Fault('invalid_request', { errors: [{ path: 'X-Deadline-Ms', message }] });
}
