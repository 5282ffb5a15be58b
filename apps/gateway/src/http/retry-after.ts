import { type Fault, faultTable } from '@b24/portal';
import type { FastifyReply } from 'fastify';

/** Returns the seconds until the call may be retried; undefined if waiting alone does not help. */
export function retryAfterSeconds({ code, status, mayRetry, retryAfterMs }: Fault): number | undefined {
  const isNamed = retryAfterMs !== undefined && faultTable[code].retry === 'safe';
  if (!isNamed && status !== 429 && status !== 503 && !mayRetry) return undefined;
  return Math.ceil((retryAfterMs ?? 2000) / 1000);
}

/** Sets `Retry-After` if the fault has one. */
export function setRetryAfter(reply: FastifyReply, fault: Fault): void {
  const seconds = retryAfterSeconds(fault);
  if (seconds !== undefined) void reply.header('Retry-After', `${seconds}`);
}
