/** What came of sending a message once: the target's answer, or why there is none. */
export type Attempt =
  | { readonly status: number; readonly retryAfter?: string }
  /** A code of the network, `HOST_NOT_ALLOWED` or `TIMEOUT`. */
  | { readonly failure: string };

export type Verdict =
  { readonly kind: 'delivered' | 'gone' | 'dead' } | { readonly kind: 'later'; readonly pauseMs: number };

/** The first try, and eleven more over about 18 hours. */
export const mostAttempts = 12;
const firstPauseMs = 1000;
const longestPauseMs = 4 * 3_600_000;

/**
 * What is to be done after the so-manieth try.
 * @param random from 0 to 1: messages that failed together don't come back together
 */
export function judgeAttempt(attempt: Attempt, attempts: number, nowMs: number, random: number): Verdict {
  if ('status' in attempt) {
    if (attempt.status >= 200 && attempt.status < 300) return { kind: 'delivered' };
    if (attempt.status === 410) return { kind: 'gone' };
  }
  if (attempts >= mostAttempts) return { kind: 'dead' };
  const usualMs = Math.min(firstPauseMs * 4 ** (attempts - 1), longestPauseMs) * (0.8 + 0.4 * random);
  const askedMs = 'status' in attempt ? retryAfterMs(attempt.retryAfter, nowMs) : 0;
  return { kind: 'later', pauseMs: Math.round(Math.max(usualMs, Math.min(askedMs, longestPauseMs))) };
}

/** `Retry-After` in seconds or as a date; 0 for none, one gone by, or one that can't be read. */
function retryAfterMs(text: string | undefined, nowMs: number): number {
  if (text === undefined) return 0;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? 0 : Math.max(0, atMs - nowMs);
}
