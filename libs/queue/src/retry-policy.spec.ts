import type { RetryReason } from '@b24/portal';
import { retryDelayMs } from './retry-policy';

/** Every pause until it is given up. */
function pauses(why: RetryReason): number[] {
  const all: number[] = [];
  for (let pause = retryDelayMs(why, 0); pause !== undefined; pause = retryDelayMs(why, all.length)) {
    all.push(pause);
  }
  return all;
}

describe('the retry policy', () => {
  it('retries once with a fresh token', () => {
    expect(pauses('token_refused')).toEqual([0]);
  });

  it('retries as long as any deadline allows when the bucket is full', () => {
    expect(pauses('bucket_full').length * 2000).toBeGreaterThanOrEqual(30_000);
  });

  it('retries a passing fault with growing delays', () => {
    expect(pauses('transient_error')).toEqual([500, 1000, 2000]);
  });

  it('gives up on a command that the portal never runs', () => {
    expect(pauses('not_run').length).toBeLessThan(10);
  });
});
