import { asFault, Fault, type FaultCode } from '@b24/portal';
import { HttpException } from '@nestjs/common';

const byFrameworkCode: Readonly<Record<string, FaultCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_NOT_FOUND: 'route_not_found',
  // The error's own message repeats the URL, which may contain a key.
  FST_ERR_BAD_URL: 'invalid_request',
};

/** Returns the fault for an error of ours, of Nest or of Fastify; any other error is a bug. */
export function toFault(error: unknown): Fault {
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
