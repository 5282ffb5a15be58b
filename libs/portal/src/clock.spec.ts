import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { HandClock } from '../../../test/support/hand-clock';
import { within } from './clock';

const never = (signal: AbortSignal) =>
  once(signal, 'abort').then(() => {
    throw signal.reason as Error;
  });

describe('work within a time', () => {
  const inTime = (clock: HandClock) => ({ clock, ms: 1000, late: () => new Error('late') });

  it('ends with what is said of the deadline, or as the signal it was given ends', async () => {
    const clock = new HandClock();
    const leaves = new AbortController();
    const late = within(inTime(clock), new AbortController().signal, never);
    const left = within({ ...inTime(clock), ms: 2000 }, leaves.signal, never);
    void Promise.allSettled([late, left]);
    await clock.advance(1000);
    await expect(late).rejects.toThrow('late');
    leaves.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
  });

  it('leaves nothing on a signal that many listened to', async () => {
    const clock = new HandClock();
    const { signal } = new AbortController();
    const added = jest.spyOn(signal, 'addEventListener');
    const removed = jest.spyOn(signal, 'removeEventListener');
    const all = Array.from({ length: 50 }, () => within(inTime(clock), signal, () => wait(5)));
    await Promise.all(all);
    expect([added.mock.calls.length, removed.mock.calls.length]).toEqual([50, 50]);
  });
});
