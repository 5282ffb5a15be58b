import type { Fault } from '@b24/portal';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { doorOf, type FaultRenderer } from './door';
import { renderProblem } from './render-problem';
import type { RequestScope } from './request-scope';
import { setRetryAfter } from './retry-after';

/** Records why a request failed: in its scope for the audit log, and in the log if it is a bug. */
export function recordFault(fault: Fault, request: FastifyRequest): void {
  if (fault.code === 'internal_error') request.log.error({ err: fault.cause ?? fault }, 'internal error');
  // Fastify sets no scope on a request whose URL cannot be parsed.
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
  // A hook sets it on routed requests; a request whose URL cannot be parsed is not routed.
  void reply.header('X-Request-Id', request.id);
  setRetryAfter(reply, fault);
  render(fault, request, reply);
}
