import { asFault, Fault, type FaultCode } from '@b24/portal';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemOf } from './problem';

/** Fault → problem+json. What is no Fault is the framework's refusal of the request, or a bug. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    sendProblem(faultOf(error), http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }
}

export function sendProblem(fault: Fault, request: FastifyRequest, reply: FastifyReply): void {
  if (fault.code === 'internal_error') request.log.error({ err: fault.cause ?? fault }, 'internal error');
  if (reply.sent) return;
  const effect = request.method === 'GET' || request.method === 'HEAD' ? 'read' : 'write';
  if (fault.status === 401) void reply.header('WWW-Authenticate', 'Bearer');
  if (fault.status === 429 || fault.status === 503) {
    void reply.header('Retry-After', `${Math.ceil((fault.retryAfterMs ?? 2000) / 1000)}`);
  }
  void reply
    .status(fault.status)
    .header('Content-Type', 'application/problem+json; charset=utf-8')
    .send(JSON.stringify(problemOf(fault, request.id, effect)));
}

const byFrameworkCode: Readonly<Record<string, FaultCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_NOT_FOUND: 'route_not_found',
};

export function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const { code, statusCode, message } = error as { code?: string; statusCode?: number; message?: string };
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
