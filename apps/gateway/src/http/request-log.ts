import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import type { Bindings, Logger as PinoLogger } from 'pino';
import { sourceOf } from './source-address';

/** Writes one line for each answered request. */
export type LogAnswer = (request: FastifyRequest, reply: FastifyReply) => void;

/** Returns a writer of request lines. They hold no errors and no secrets, so nothing is searched or redacted in them. */
export function answerLog(log: PinoLogger): LogAnswer {
  const plain = log.child({}, { redact: [] });
  return (request, reply) => {
    const { client, calls, faultCode } = request.scope;
    const line: Record<string, unknown> = {
      reqId: request.id,
      method: request.method,
      // The route, not the URL, because a query may contain a code.
      route: request.routeOptions.url ?? '-',
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      source: sourceOf(request),
    };
    if (client) line['client'] = client.id;
    if (calls.count > 0) Object.assign(line, { portal: calls.portal, b24Method: calls.method });
    if (calls.count > 1) line['calls'] = calls.count;
    if (faultCode) line['code'] = faultCode;
    plain.info(line, 'request');
  };
}

/** The log of one request. It is created on first use, because few requests log anything but their last line. */
export class RequestLogger implements FastifyBaseLogger {
  private created: FastifyBaseLogger | undefined;

  constructor(
    private readonly parent: FastifyBaseLogger,
    private readonly bindings: Bindings,
  ) {}

  get level(): FastifyBaseLogger['level'] {
    return this.parent.level;
  }

  fatal(...line: readonly unknown[]): void {
    this.write('fatal', line);
  }

  error(...line: readonly unknown[]): void {
    this.write('error', line);
  }

  warn(...line: readonly unknown[]): void {
    this.write('warn', line);
  }

  info(...line: readonly unknown[]): void {
    this.write('info', line);
  }

  debug(...line: readonly unknown[]): void {
    this.write('debug', line);
  }

  trace(...line: readonly unknown[]): void {
    this.write('trace', line);
  }

  silent(): void {
    // Writes nothing, as its name says.
  }

  child(...given: Parameters<FastifyBaseLogger['child']>): FastifyBaseLogger {
    return this.own.child(...given);
  }

  private get own(): FastifyBaseLogger {
    return (this.created ??= this.parent.child(this.bindings));
  }

  private write(level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace', line: readonly unknown[]): void {
    this.own[level](...(line as [object]));
  }
}
