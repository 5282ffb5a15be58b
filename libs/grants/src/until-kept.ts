import { asFault, type Clock, sleep } from '@b24/portal';

/** For so long a grant is tried to be kept while the store is away. */
const tryForMs = 10 * 60_000;

/** Does the work again until the store takes it: what a token pair replaces is spent, so the pair must not be lost. */
export async function untilKept<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
  const giveUpAtMs = clock.now() + tryForMs;
  for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 2, 2000)) {
    try {
      return await work();
    } catch (error) {
      if (asFault(error).code !== 'store_unavailable' || clock.now() >= giveUpAtMs) throw error;
      await sleep(clock, pauseMs);
    }
  }
}
