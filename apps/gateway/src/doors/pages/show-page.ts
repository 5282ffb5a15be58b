import { type Fault, faultTable } from '@b24/portal';
import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { installPath } from '../../api/apps/app-addresses';
import { faultPage } from './pages';

export interface Frame {
  /** Who may show the page in a frame; nobody when undefined. */
  readonly ancestors: string | undefined;
  readonly scripts?: string;
}

/** Answers with a page under a policy of its own: nothing runs but what carries its nonce. */
export function showPage(reply: FastifyReply, status: number, page: (nonce: string) => string, frame?: Frame): void {
  const nonce = randomBytes(16).toString('base64');
  // The form of the first page leads on to the portal, whose origin nobody knows before.
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}' ${frame?.scripts ?? ''}`.trim(),
    `connect-src ${frame?.scripts && frame.ancestors ? `${frame.scripts} ${frame.ancestors}` : "'none'"}`,
    "base-uri 'none'",
    `frame-ancestors ${frame?.ancestors ?? "'none'"}`,
  ];
  if (frame?.ancestors) void reply.removeHeader('X-Frame-Options');
  void reply
    .status(status)
    .header('Content-Security-Policy', policy.join('; '))
    .header('Cache-Control', 'no-store')
    .type('text/html; charset=utf-8')
    .send(page(nonce));
}

/** What went wrong, for a person to read. */
export function showFault(request: FastifyRequest, reply: FastifyReply, fault: Fault, frame?: Frame): void {
  if (fault.code === 'internal_error') request.log.error({ err: fault.cause ?? fault }, 'internal error');
  if (reply.sent) return;
  tellRetryAfter(reply, fault);
  const shown = { requestId: request.id, framed: frame !== undefined, again: installPath(request.url) };
  showPage(reply, fault.status, (nonce) => faultPage(nonce, fault, shown), frame);
}

export function tellRetryAfter(reply: FastifyReply, fault: Fault): void {
  const seconds = retryAfterOf(fault);
  if (seconds !== undefined) void reply.header('Retry-After', `${seconds}`);
}

/** Seconds until the call may be made again; undefined where that is no matter of time. */
export function retryAfterOf({ code, status, mayRetry, retryAfterMs }: Fault): number | undefined {
  const isNamed = retryAfterMs !== undefined && faultTable[code].retry === 'safe';
  if (!isNamed && status !== 429 && status !== 503 && !mayRetry) return undefined;
  return Math.ceil((retryAfterMs ?? 2000) / 1000);
}
