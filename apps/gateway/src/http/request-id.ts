import { randomUUID } from 'node:crypto';

/** The `X-Request-Id` that a caller sent, if it may be written down; else a new one. */
export function requestId(given: unknown): string {
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
}
