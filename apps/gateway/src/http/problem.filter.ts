import { asFault, Fault, type FaultCode } from '@b24/portal';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Inject } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { askedPage } from '../doors/pages/asked-page';
import { retryAfterOf, showFault, tellRetryAfter } from '../doors/pages/show-page';
import type { Settings } from '../settings';
import { settingsToken } from './injection-tokens';
import type { GatewayRequest } from './caller';
import { bareHeaders } from './bare-headers';
import { problemOf } from './problem';

export const problemType = 'application/problem+json; charset=utf-8';

/** Fault → problem+json, or a page where a browser asked for one. What is no Fault is the framework's refusal of the request, or a bug. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(@Inject(settingsToken) private readonly settings: Settings) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const [request, reply] = [http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>()];
    const page = askedPage(request, this.settings.rules);
    if (page) showFault(request, reply, faultOf(error), page.frame);
    else sendProblem(faultOf(error), request, reply);
  }
}

export function sendProblem(fault: Fault, request: FastifyRequest, reply: FastifyReply): void {
  if (fault.code === 'internal_error') request.log.error({ err: fault.cause ?? fault }, 'internal error');
  const carried = request as GatewayRequest;
  carried.faultCode = fault.code;
  if (reply.sent) return;
  const effect = carried.onlyReads || request.method === 'GET' || request.method === 'HEAD' ? 'read' : 'write';
  // A hook sets it on what is routed; a URL that can't be read is not.
  void reply.header('X-Request-Id', request.id);
  if (fault.status === 401) void reply.header('WWW-Authenticate', 'Bearer');
  tellRetryAfter(reply, fault);
  if (!reply.hasHeader('X-Content-Type-Options')) void reply.headers(bareHeaders);
  void reply
    .status(fault.status)
    .header('Content-Type', problemType)
    .send(JSON.stringify(problemOf(fault, request.id, effect)));
}

const unreadable = () =>
  new Fault('invalid_request', { detail: 'Send HTTP/1.1, with a header of at most 16 KiB, in time.' });

/** What is not even HTTP has no request to answer to, only a socket. */
export function sendProblemOn(socket: Socket, fault = unreadable()): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const requestId = randomUUID();
  const retryAfter = retryAfterOf(fault);
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

const byFrameworkCode: Readonly<Record<string, FaultCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_NOT_FOUND: 'route_not_found',
  // Its own words repeat the URL, which may hold a key.
  FST_ERR_BAD_URL: 'invalid_request',
};

export function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const { code, statusCode, message } = (error ?? {}) as { code?: string; statusCode?: number; message?: string };
  const known = code && byFrameworkCode[code];
  if (known) return new Fault(known);
  const status = error instanceof HttpException ? error.getStatus() : statusCode;
  if (status === 404) return new Fault('route_not_found');
  if (status === 413) return new Fault('body_too_large');
  if (status === 415) return new Fault('unsupported_media_type');
  if (status !== undefined && status >= 400 && status < 500) {
    return new Fault('invalid_request', { detail: `The request could not be read: ${message ?? 'it is malformed'}.` });
  }
  return asFault(error);
}
