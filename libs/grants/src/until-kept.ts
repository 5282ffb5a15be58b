import { asFault, type Clock, sleep } from '@b24/portal';

/**
 * Does the work again until the store takes it, as long as this process lives: what a token pair replaces is spent, so
 * the pair must not be lost. Those who wait for it have deadlines of their own.
 */
export async function untilKept<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
  for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 2, 1000)) {
    try {
      return await work();
    } catch (error) {
      if (asFault(error).code !== 'store_unavailable') throw error;
      await sleep(clock, pauseMs);
    }
  }
}
