import fc from 'fast-check';
import { afterAttempt, maxAttempts } from './delivery-retry';

const nowMs = Date.parse('2026-11-01T09:00:00Z');
const failing = fc.oneof(
  fc
    .integer({ min: 100, max: 599 })
    .filter((it) => (it < 200 || it > 299) && it !== 410)
    .map((status) => ({ status })),
  fc.constantFrom('TIMEOUT', 'ECONNREFUSED', 'HOST_NOT_ALLOWED').map((failure) => ({ failure })),
);

describe('a delivery attempt', () => {
  it('succeeds by 2xx alone and disables the target by 410, whichever attempt it is', () => {
    for (const attempts of [1, maxAttempts]) {
      expect(afterAttempt({ status: 200 }, attempts, nowMs, 0)).toEqual({ kind: 'delivered' });
      expect(afterAttempt({ status: 299 }, attempts, nowMs, 0)).toEqual({ kind: 'delivered' });
      expect(afterAttempt({ status: 410 }, attempts, nowMs, 0)).toEqual({ kind: 'gone' });
    }
  });

  it('is followed by another after a pause that grows from a second to four hours, except for the last', () => {
    fc.assert(
      fc.property(
        failing,
        fc.integer({ min: 1, max: 20 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (it, n, random) => {
          const verdict = afterAttempt(it, n, nowMs, random);
          if (n >= maxAttempts) return verdict.kind === 'dead';
          const usualMs = Math.min(1000 * 4 ** (n - 1), 14_400_000);
          return (
            verdict.kind === 'later' && verdict.pauseMs >= 0.8 * usualMs - 1 && verdict.pauseMs <= 1.2 * usualMs + 1
          );
        },
      ),
    );
  });

  it.each([
    ['seconds', '120', 120_000],
    ['a date', 'Sun, 01 Nov 2026 09:02:00 GMT', 120_000],
    ['more than four hours', '999999999', 14_400_000],
    ['a date gone by', 'Sun, 01 Nov 2020 09:02:00 GMT', 1000],
    ['less than usual', '0', 1000],
    ['what can not be read', 'soon', 1000],
  ])('keeps to a Retry-After of %s', (_what, retryAfter, pauseMs) => {
    expect(afterAttempt({ status: 429, retryAfter }, 1, nowMs, 0.5)).toEqual({ kind: 'later', pauseMs });
  });
});
