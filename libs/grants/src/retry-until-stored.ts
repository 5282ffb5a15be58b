import { asFault, type Clock, sleep } from '@b24/portal';

/**
 * Repeats the work until the store is reachable, for as long as the process lives. A refresh spends the old pair, so the
 * new pair must not be lost. Callers that wait for it have deadlines of their own.
 * @throws Fault any other than store_unavailable, at once
 */
export async function retryUntilStored<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
  for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 2, 1000)) {
    try {
      return await work();
    } catch (error) {
      if (asFault(error).code !== 'store_unavailable') throw error;
      await sleep(clock, pauseMs);
    }
  }
}
