import type { Answer } from '@b24/portal';
import type { FastifyReply } from 'fastify';
import { headerReferences } from './problem-responses';

/** The headers of every answer to a call, as the OpenAPI document describes them. */
export const lineHeaders = headerReferences('Server-Timing', 'RateLimit', 'RateLimit-Policy');

export function setLineHeaders(reply: FastifyReply, { timing, request }: Answer): void {
  const { queueMs, upstreamMs } = timing;
  const parts = [`queue;dur=${queueMs}`, `upstream;dur=${upstreamMs}`];
  if (request) {
    const { commands, left, capacity, drainPerSecond } = request;
    parts.push(`request;desc="${commands} command${commands === 1 ? '' : 's'}"`);
    void reply.header('RateLimit', `"portal";r=${Math.max(0, left)};t=${waitSeconds(left, drainPerSecond)}`);
    void reply.header('RateLimit-Policy', `"portal";q=${capacity};w=${Math.ceil(capacity / drainPerSecond)}`);
  }
  void reply.header('Server-Timing', parts.join(', '));
}

/** Returns the seconds until one more permit is available; longer while the queue backs off. */
function waitSeconds(left: number, drainPerSecond: number): number {
  return Math.max(1, Math.ceil((1 - Math.min(0, left)) / drainPerSecond));
}
