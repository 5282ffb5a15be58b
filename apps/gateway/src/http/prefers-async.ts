import type { FastifyRequest } from 'fastify';

/** Returns whether the caller wants an answer now and the work done later (RFC 7240). */
export function prefersAsync({ headers }: FastifyRequest): boolean {
  return String(headers['prefer'] ?? '')
    .split(',')
    .some((it) => /^\s*respond-async\s*(?:;.*)?$/i.test(it));
}
