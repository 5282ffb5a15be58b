import { Fault } from '@b24/portal';
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { bareHeaders } from './bare-headers';
import type { FaultRenderer } from './door';
import { problemOf } from './problem';
import type { RequestScope } from './request-scope';
import { retryAfterSeconds } from './retry-after';

export const problemType = 'application/problem+json; charset=utf-8';

/** Renders a fault as problem+json (RFC 9457). */
export const renderProblem: FaultRenderer = (fault, request, reply) => {
  const scope = request.scope as RequestScope | undefined;
  const effect = scope?.isRead === true || request.method === 'GET' || request.method === 'HEAD' ? 'read' : 'write';
  if (fault.status === 401 && !reply.hasHeader('WWW-Authenticate')) void reply.header('WWW-Authenticate', 'Bearer');
  if (!reply.hasHeader('X-Content-Type-Options')) void reply.headers(bareHeaders);
  void reply
    .status(fault.status)
    .header('Content-Type', problemType)
    .send(JSON.stringify(problemOf(fault, request.id, effect)));
};

const unreadable = () =>
  new Fault('invalid_request', { detail: 'Send HTTP/1.1, with a header of at most 16 KiB, in time.' });

/** Sends a problem to a socket that sent no readable HTTP request, and closes it. */
export function sendProblemOn(socket: Socket, fault = unreadable()): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const requestId = randomUUID();
  const retryAfter = retryAfterSeconds(fault);
  const body = JSON.stringify(problemOf(fault, requestId, 'write'));
  const header = [
    `HTTP/1.1 ${fault.status} ${STATUS_CODES[fault.status] ?? ''}`,
    'Connection: close',
    ...(retryAfter === undefined ? [] : [`Retry-After: ${retryAfter}`]),
    `Content-Type: ${problemType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    ...Object.entries(bareHeaders).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${header.join('\r\n')}\r\n\r\n${body}`, () => {
    socket.destroy();
  });
}
