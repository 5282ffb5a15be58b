import { HandClock } from '../../../test/support/hand-clock';
import { OrderHolds } from './order-holds';

describe('the place of an abandoned write', () => {
  it.each([
    [1000, 1000],
    [0, 0],
    [-5, 0],
  ])('is held for %i ms', async (ms, heldMs) => {
    const clock = new HandClock();
    const holds = new OrderHolds(clock);
    const released: string[] = [];
    expect(holds.isEmpty).toBe(true);
    holds.add(ms, () => released.push('first'));
    holds.add(5000, () => released.push('second'));
    if (heldMs > 0) {
      await clock.advance(heldMs - 1);
      expect(released).toEqual([]);
    }
    await clock.advance(heldMs > 0 ? 1 : 0);
    expect([released, holds.isEmpty]).toEqual([['first'], false]);
    await clock.advance(5000);
    expect([released, holds.isEmpty]).toEqual([['first', 'second'], true]);
  });

  it('is not released after the queue was closed', async () => {
    const clock = new HandClock();
    const holds = new OrderHolds(clock);
    holds.add(1000, () => {
      throw new Error('released');
    });
    holds.close();
    expect([holds.isEmpty, clock.pending]).toEqual([true, 0]);
    await clock.advance(1000);
  });
});
