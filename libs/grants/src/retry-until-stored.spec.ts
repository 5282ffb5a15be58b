import { type Clock, Fault } from '@b24/portal';
import { retryUntilStored } from './retry-until-stored';

/** A clock whose timers fire at once. */
function hastyClock(): Clock {
  let nowMs = 0;
  return {
    now: () => nowMs,
    after(ms, task) {
      nowMs += ms;
      queueMicrotask(task);
      return () => undefined;
    },
  };
}

describe('work that must be stored', () => {
  const failing = (times: number, fault: Fault) => {
    let done = 0;
    return jest.fn(() => (++done <= times ? Promise.reject(fault) : Promise.resolve('kept')));
  };

  it('is repeated until the store is back', async () => {
    const work = failing(20, new Fault('store_unavailable'));
    expect(await retryUntilStored(hastyClock(), work)).toBe('kept');
    expect(work).toHaveBeenCalledTimes(21);
  });

  it('is not given up after hours', async () => {
    const clock = hastyClock();
    expect(await retryUntilStored(clock, failing(10_000, new Fault('store_unavailable')))).toBe('kept');
    expect(clock.now()).toBeGreaterThan(2 * 3_600_000);
  });

  it('is not repeated after the store answered with another fault', async () => {
    const work = failing(1, new Fault('alias_taken'));
    await expect(retryUntilStored(hastyClock(), work)).rejects.toMatchObject({ code: 'alias_taken' });
    expect(work).toHaveBeenCalledTimes(1);
  });
});
