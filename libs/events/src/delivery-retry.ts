/** The outcome of one delivery attempt: the target's response, or why there is none. */
export type DeliveryAttempt =
  | { readonly status: number; readonly retryAfter?: string }
  /** A network error code, `HOST_NOT_ALLOWED` or `TIMEOUT`. */
  | { readonly failure: string };

export type NextStep =
  { readonly kind: 'delivered' | 'gone' | 'dead' } | { readonly kind: 'later'; readonly pauseMs: number };

/** The first attempt and eleven more over about 18 hours. */
export const maxAttempts = 12;
const firstPauseMs = 1000;
const maxPauseMs = 4 * 3_600_000;

/**
 * Decides what follows an attempt.
 * @param attempts the number of attempts, including this one
 * @param random from 0 to 1; spreads messages that failed together
 */
export function afterAttempt(attempt: DeliveryAttempt, attempts: number, nowMs: number, random: number): NextStep {
  if ('status' in attempt) {
    if (attempt.status >= 200 && attempt.status < 300) return { kind: 'delivered' };
    if (attempt.status === 410) return { kind: 'gone' };
  }
  if (attempts >= maxAttempts) return { kind: 'dead' };
  const usualMs = Math.min(firstPauseMs * 4 ** (attempts - 1), maxPauseMs) * (0.8 + 0.4 * random);
  const requestedMs = 'status' in attempt ? retryAfterMs(attempt.retryAfter, nowMs) : 0;
  return { kind: 'later', pauseMs: Math.round(Math.max(usualMs, Math.min(requestedMs, maxPauseMs))) };
}

/** Parses `Retry-After` as seconds or a date into ms; 0 if it is absent, past or unreadable. */
function retryAfterMs(text: string | undefined, nowMs: number): number {
  if (text === undefined) return 0;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? 0 : Math.max(0, atMs - nowMs);
}
