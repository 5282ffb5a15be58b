import type { Answer } from '@b24/portal';
import type { FastifyReply } from 'fastify';

/** Headers of every answer that came from a portal: where its time went, and what the portal's rate limit has left. */
export const lineHeaders = {
  'Server-Timing': {
    description:
      '`queue` and `upstream`: milliseconds spent waiting and at the portal; `request`: how many commands shared the request.',
    schema: { type: 'string' as const },
    example: 'queue;dur=312, upstream;dur=41, request;desc="37 commands"',
  },
  RateLimit: {
    description:
      'draft-ietf-httpapi-ratelimit-headers: `r` requests may leave for the portal at once, of any number of calls up to 50 each; `t` seconds until one more may. At 0, calls wait and share the next one.',
    schema: { type: 'string' as const },
    example: '"portal";r=45;t=1',
  },
  'RateLimit-Policy': {
    description: '`q` requests in a burst, regained in `w` seconds.',
    schema: { type: 'string' as const },
    example: '"portal";q=46;w=23',
  },
};

export function tellTrip(reply: FastifyReply, { timing, request }: Answer): void {
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

/** Seconds until one more request than now may be sent; a queue that backs off pays its debt first. */
function waitSeconds(left: number, drainPerSecond: number): number {
  return Math.max(1, Math.ceil((1 - Math.min(0, left)) / drainPerSecond));
}
