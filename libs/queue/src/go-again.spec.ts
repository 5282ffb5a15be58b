import type { Again } from '@b24/portal';
import { pauseBeforeGoingAgain } from './go-again';

/** Every pause until it is given up. */
function pauses(why: Again): number[] {
  const all: number[] = [];
  for (let pause = pauseBeforeGoingAgain(why, 0); pause !== undefined; pause = pauseBeforeGoingAgain(why, all.length)) {
    all.push(pause);
  }
  return all;
}

describe('going again', () => {
  it('is done once with a fresh token, and not a third time', () => {
    expect(pauses('token_refused')).toEqual([0]);
  });

  it('means waiting in the lane for as long as any deadline allows when the bucket is full', () => {
    expect(pauses('bucket_full').length * 2000).toBeGreaterThanOrEqual(30_000);
  });

  it('rides out passing trouble with growing pauses', () => {
    expect(pauses('passing_trouble')).toEqual([500, 1000, 2000]);
  });

  it('ends also for a command that the portal never comes to', () => {
    expect(pauses('not_run').length).toBeLessThan(10);
  });
});
