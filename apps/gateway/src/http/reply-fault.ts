import type { Fault } from '@b24/portal';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { doorOf, type FaultRenderer } from './door';
import { renderProblem } from './render-problem';
import type { RequestScope } from './request-scope';
import { setRetryAfter } from './retry-after';

/** Notes why a request failed: in its scope for the audit log, and in the log where it is a bug. */
export function recordFault(fault: Fault, request: FastifyRequest): void {
  if (fault.code === 'internal_error') request.log.error({ err: fault.cause ?? fault }, 'internal error');
  // Fastify gives none to a request whose URL can't be read.
  const scope = request.scope as RequestScope | undefined;
  if (scope) scope.faultCode = fault.code;
}

/** Replies to a request that failed, in the form that the callers of its route read. */
export function replyFault(
  fault: Fault,
  request: FastifyRequest,
  reply: FastifyReply,
  render: FaultRenderer = doorOf(request)?.renderFault ?? renderProblem,
): void {
  recordFault(fault, request);
  if (reply.sent) return;
  // A hook sets it on what is routed; a request whose URL can't be read is not.
  void reply.header('X-Request-Id', request.id);
  setRetryAfter(reply, fault);
  render(fault, request, reply);
}
