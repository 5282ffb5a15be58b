import { Fault } from '@b24/portal';
import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';

/**
 * Writes JSON lines to stdout. Requests are logged by route, never by URL; errors by name, code and place, never with
 * the data that they contain.
 */
export function gatewayLog(level: string, stream?: { write(line: string): void }): PinoLogger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: ['req.headers.authorization', 'req.headers.cookie', '*.accessToken', '*.refreshToken', '*.authorization'],
      censor: '[secret]',
    },
    serializers: { err: describeError, req: ({ id, method }: { id: string; method: string }) => ({ id, method }) },
  };
  return pino(options, stream ?? bufferedStdout());
}

/** A full buffer is written at once, a partly filled one after this time. */
const logBuffer = { minLength: 8 * 1024, periodicFlush: 100 };
/** Lines that nobody reads are dropped above this size. */
const maxUnreadBytes = 8 * 1024 * 1024;

/**
 * Returns a buffered standard output that is written off the main thread. pino flushes it when the process exits, and
 * after a line of level `fatal`.
 */
function bufferedStdout(): DestinationStream {
  return pino.destination({ dest: 1, sync: false, ...logBuffer, maxLength: maxUnreadBytes });
}

interface LoggedError {
  readonly type: string;
  readonly code?: string;
  readonly message: string;
  readonly stack?: string;
}

/** Errors of libraries may contain the failed request; only the safe fields are logged. */
function describeError(error: unknown): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: 'not an error' };
  const { type, code, frames } = errorLocation(error);
  // A SyntaxError quotes the text that it could not parse, which may be a secret.
  const message = error instanceof SyntaxError ? 'text that could not be read' : error.message;
  const stack = frames.length > 0 && { stack: [`${type}: ${message}`, ...frames].join('\n') };
  return { type, ...(code !== undefined && { code }), message, ...stack };
}

/** The class and stack of an unexpected error, without its message. */
export function errorLocation(error: unknown): {
  readonly type: string;
  readonly code?: string;
  readonly frames: string[];
} {
  if (!(error instanceof Error)) return { type: typeof error, frames: [] };
  const { name, stack = '' } = error;
  const code = error instanceof Fault ? error.code : (error as { code?: unknown }).code;
  const frames = stack.split('\n').filter((line) => /^ {4}at /.test(line));
  return { type: name, ...(typeof code === 'string' && { code }), frames };
}

/** Writes Nest's messages to our log. Those about its start are debug messages. */
export class NestLog implements LoggerService {
  constructor(private readonly pino: PinoLogger) {}

  log(message: unknown): void {
    this.pino.debug(String(message));
  }

  error(message: unknown): void {
    this.pino.error(String(message));
  }

  warn(message: unknown): void {
    this.pino.warn(String(message));
  }
}
