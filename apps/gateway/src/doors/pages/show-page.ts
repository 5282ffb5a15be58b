import type { Fault } from '@b24/portal';
import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { installPath } from '../../api/apps/app-addresses';
import { faultPage } from './pages';

export interface PageFrame {
  /** The origin that may show the page in a frame; none if undefined. */
  readonly ancestors: string | undefined;
  readonly scripts?: string;
}

/**
 * Replies with a page under a policy of its own: only elements with its nonce run.
 * @param formAction the directive for forms; none where a form leads to a portal
 */
export function showPage(
  reply: FastifyReply,
  status: number,
  page: (nonce: string) => string,
  frame?: PageFrame,
  formAction?: string,
): void {
  const nonce = randomBytes(16).toString('base64');
  // The form of the first page redirects to the portal, whose origin is not known in advance.
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}' ${frame?.scripts ?? ''}`.trim(),
    `connect-src ${frame?.scripts && frame.ancestors ? `${frame.scripts} ${frame.ancestors}` : "'none'"}`,
    "base-uri 'none'",
    `frame-ancestors ${frame?.ancestors ?? "'none'"}`,
    ...(formAction ? [formAction] : []),
  ];
  if (frame?.ancestors) void reply.removeHeader('X-Frame-Options');
  void reply
    .status(status)
    .header('Content-Security-Policy', policy.join('; '))
    .header('Cache-Control', 'no-store')
    .type('text/html; charset=utf-8')
    .send(page(nonce));
}

/** Shows a fault as a page that says what to do next. */
export function showFaultPage(fault: Fault, request: FastifyRequest, reply: FastifyReply, frame?: PageFrame): void {
  const shown = { requestId: request.id, framed: frame !== undefined, retryUrl: installPath(request.url) };
  showPage(reply, fault.status, (nonce) => faultPage(nonce, fault, shown), frame);
}
