import { type Again, asFault, type Clock, type Fault, type Send, sleep } from '@b24/portal';

const pausesMs: Record<Again, readonly number[]> = {
  // The refused token is refreshed before the next departure; a fresh one that is refused too is no passing thing.
  token_refused: [0],
  // The lane stands back by itself; going again means no more than waiting in it.
  bucket_full: Array.from({ length: 20 }, () => 0),
  passing_trouble: [500, 1000, 2000],
};

/** How long to pause before the same commands go again; undefined when they don't. Pure, so that it can be read. */
export function pauseBeforeGoingAgain({ again }: Fault, timesGoneAgain: number): number | undefined {
  // Only what was certainly not carried out carries `again`.
  return again && pausesMs[again][timesGoneAgain];
}

/**
 * The station that sends again what was not carried out and may be now. It stands before the lane because a second
 * request costs the portal's bucket as much as the first (docs/decisions/0002).
 */
export function goAgain(clock: Clock, next: Send): Send {
  return async (portal, commands, signal) => {
    for (let times = 0; ; times++) {
      try {
        return await next(portal, commands, signal);
      } catch (error) {
        const pauseMs = pauseBeforeGoingAgain(asFault(error), times);
        if (pauseMs === undefined) throw error;
        if (pauseMs > 0) await sleep(clock, pauseMs, signal);
        signal.throwIfAborted();
      }
    }
  };
}
