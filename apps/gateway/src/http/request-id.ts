import { randomUUID } from 'node:crypto';

/** Returns the `X-Request-Id` that a caller sent if it is safe to log, otherwise a new one. */
export function requestId(given: unknown): string {
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
}
