import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { replyFault } from './reply-fault';
import { toFault } from './to-fault';

/** Replies to faults and errors thrown by guards, pipes, interceptors and controllers. */
@Catch()
export class FaultFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    replyFault(toFault(error), http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }
}
