import { HandClock } from '../../../test/support/hand-clock';
import { PortalPermits } from './portal-permits';
import type { Permit } from './rate-limiter';

const plan = { burst: 50, drainPerSecond: 2 };

describe('the permits that a replica has of a portal', () => {
  let clock: HandClock;
  let permits: PortalPermits;
  let refunds: number;

  beforeEach(() => {
    clock = new HandClock();
    refunds = 0;
    permits = new PortalPermits(clock, plan, () => refunds++);
  });

  const lease = (granted: number, left = 7) => {
    const report = permits.report();
    permits.onLease(report, { granted, left, waitMs: 0 });
    return report;
  };
  const take = (): Permit => {
    const permit = permits.take();
    if (!permit) throw new Error('no permit');
    return permit;
  };

  it('are none at first', () => {
    expect([permits.take(), permits.available, permits.isEmptyHanded, permits.hasLapsed]).toEqual([
      undefined,
      0,
      true,
      false,
    ]);
    expect(permits.level).toEqual({ left: 0, capacity: 46, drainPerSecond: 2 });
    expect(permits.report()).toEqual({ count: 0, baseCount: 0, outstanding: 0, floor: 0, sentAtMs: clock.now() });
  });

  it('are taken one by one, and each knows the level after it', () => {
    lease(2, 7);
    expect(permits.level.left).toBe(9);
    const [first, second] = [take(), take()];
    expect([first.level, second.level.left]).toEqual([{ left: 8, capacity: 46, drainPerSecond: 2 }, 7]);
    expect([permits.take(), permits.isEmptyHanded]).toEqual([undefined, true]);
  });

  it.each<[afterMs: number, available: number]>([
    [0, 3],
    [899, 3],
    [900, 0],
  ])('lapse: %i ms after the lease was requested, %i are available', async (afterMs, available) => {
    lease(3);
    await clock.advance(afterMs);
    expect([permits.available, permits.take() !== undefined, permits.hasLapsed]).toEqual([
      available,
      available > 0,
      available === 0,
    ]);
    expect([permits.isEmptyHanded, permits.level.left]).toEqual([false, 7 + Math.max(0, available - 1)]);
  });

  it('lapse 900 ms after the request, however late the reply is', async () => {
    const report = permits.report();
    await clock.advance(800);
    permits.onLease(report, { granted: 1, left: 0, waitMs: 0 });
    await clock.advance(99);
    expect(permits.available).toBe(1);
    await clock.advance(1);
    expect(permits.available).toBe(0);
  });

  it('can’t be used when the clock was set back to before their lease', () => {
    lease(1);
    clock.jump(-1);
    expect([permits.available, permits.take(), permits.hasLapsed]).toEqual([0, undefined, true]);
  });

  it('are returned by the next report once they lapsed', async () => {
    lease(3);
    take();
    await clock.advance(900);
    expect(permits.report()).toMatchObject({ count: 1, outstanding: 1, floor: 3 });
    expect([permits.hasLapsed, permits.isEmptyHanded]).toEqual([false, true]);
    expect(permits.report()).toMatchObject({ count: 1, outstanding: 1, floor: 1 });
  });

  it('are returned by the next report once they are discarded', () => {
    lease(3);
    permits.discard();
    expect([permits.available, permits.hasLapsed, permits.isEmptyHanded]).toEqual([0, true, false]);
    expect(permits.report()).toMatchObject({ count: 0, outstanding: 0, floor: 3 });
  });

  it('are counted over all leases', () => {
    lease(3);
    lease(2);
    expect(permits.report()).toMatchObject({ count: 5, outstanding: 5, floor: 5 });
    lease(0, 4);
    expect([permits.available, permits.level.left]).toEqual([5, 9]);
  });

  it('that lapsed before a lease arrived are not renewed by it', async () => {
    lease(3);
    await clock.advance(500);
    const report = permits.report();
    await clock.advance(400);
    permits.onLease(report, { granted: 2, left: 0, waitMs: 0 });
    expect([permits.available, permits.hasLapsed]).toEqual([2, true]);
    expect(permits.report()).toMatchObject({ count: 2, outstanding: 2 });
  });

  it('that are in hand when a lease arrives last as long as it does', async () => {
    lease(3);
    await clock.advance(500);
    lease(2);
    await clock.advance(500);
    expect(permits.available).toBe(5);
    await clock.advance(400);
    expect(permits.available).toBe(0);
  });

  describe('of requests', () => {
    it('are outstanding until they are settled, and drain from then on', async () => {
      lease(3);
      const [first] = [take(), take(), take()];
      expect(permits.report()).toMatchObject({ count: 3, outstanding: 3, floor: 3 });
      first?.settle();
      await clock.advance(250);
      expect(permits.report()).toMatchObject({ outstanding: 2, floor: 2.5 });
      await clock.advance(1000);
      expect(permits.report()).toMatchObject({ outstanding: 2, floor: 2 });
    });

    it('drain as long as nobody reports, but not below what is outstanding', async () => {
      lease(4);
      for (const permit of [take(), take(), take()]) permit.settle();
      await clock.advance(500);
      expect(permits.report()).toMatchObject({ outstanding: 1, floor: 3 });
      lease(0);
      await clock.advance(5000);
      expect(permits.report()).toMatchObject({ outstanding: 0, floor: 1 });
    });

    it('do not drain while the clock goes back', () => {
      lease(2);
      take().settle();
      clock.jump(-5000);
      expect(permits.report()).toMatchObject({ floor: 2 });
    });

    it('have arrived five seconds after they were taken', async () => {
      lease(1);
      take();
      await clock.advance(4999);
      expect(permits.report().outstanding).toBe(1);
      await clock.advance(1);
      expect(permits.report().outstanding).toBe(0);
    });

    it('have arrived one after the other', async () => {
      lease(2);
      take();
      await clock.advance(100);
      take();
      await clock.advance(4900);
      expect(permits.report().outstanding).toBe(1);
    });
  });

  describe('that are refunded', () => {
    it('may be used by another request, and count as before', () => {
      lease(1);
      take().refund();
      expect([permits.available, refunds]).toEqual([1, 1]);
      expect(permits.report()).toMatchObject({ count: 1, outstanding: 1 });
    });

    it.each<[what: string, end: (permit: Permit) => void]>([
      ['settled', (permit) => permit.settle()],
      ['refunded', (permit) => permit.refund()],
    ])('have no effect after they were %s', (_what, end) => {
      lease(1);
      const permit = take();
      end(permit);
      const [before, available] = [refunds, permits.available];
      permit.refund();
      expect([refunds, permits.available]).toEqual([before, available]);
    });

    it('are returned if they lapsed meanwhile', async () => {
      lease(2);
      const permit = take();
      await clock.advance(900);
      permit.refund();
      expect([permits.available, permits.hasLapsed]).toEqual([0, true]);
      expect(permits.report()).toMatchObject({ count: 0, outstanding: 0 });
    });

    it('are returned if the clock was set back', () => {
      lease(1);
      const permit = take();
      clock.jump(-1);
      permit.refund();
      expect([permits.available, permits.hasLapsed]).toEqual([0, true]);
    });

    it('lapse at their own time, if they are the only ones in hand', async () => {
      lease(1);
      const permit = take();
      await clock.advance(500);
      lease(1);
      take();
      permit.refund();
      await clock.advance(400);
      expect(permits.available).toBe(0);
    });

    it('lapse with those in hand at the earlier of both times', async () => {
      lease(1);
      const permit = take();
      await clock.advance(500);
      lease(2);
      permit.refund();
      expect(permits.available).toBe(3);
      await clock.advance(400);
      expect(permits.available).toBe(0);
    });
  });

  describe('follow the plan', () => {
    it('from the moment when it changes', async () => {
      lease(4);
      for (const permit of [take(), take(), take(), take()]) permit.settle();
      await clock.advance(500);
      permits.follow({ burst: 250, drainPerSecond: 5 });
      await clock.advance(200);
      expect(permits.report().floor).toBe(2);
      expect(permits.currentPlan.drainPerSecond).toBe(5);
      expect(permits.level).toMatchObject({ capacity: 240, drainPerSecond: 5 });
    });
  });

  describe('in a report', () => {
    it('that was lost are covered by the next one', async () => {
      lease(3);
      for (const permit of [take(), take(), take()]) permit.settle();
      const lost = permits.report();
      expect(lost.floor).toBe(3);
      permits.onLost(lost);
      await clock.advance(500);
      expect(permits.report().floor).toBe(2);
      permits.onLost({ ...lost, floor: 0 });
      expect(permits.report().floor).toBe(0);
    });

    it('are counted from the count that Redis knew, if it has forgotten this replica', async () => {
      lease(3);
      await clock.advance(59_999);
      expect(permits.report()).toMatchObject({ count: 0, baseCount: 0 });
      lease(2);
      expect(permits.hasReportedSince(clock.now())).toBe(true);
      await clock.advance(60_000);
      expect(permits.hasReportedSince(clock.now())).toBe(false);
      expect(permits.report()).toMatchObject({ count: 0, baseCount: 2 });
    });
  });

  describe('that it is likely to use before they lapse', () => {
    const use = (count: number) => {
      lease(count);
      for (let i = 0; i < count; i++) take();
    };

    it.each<[afterMs: number, likely: number]>([
      [0, 9],
      [1999, 9],
      [2000, 0],
    ])('are 90 %% of the last second’s: after %i ms, %i', async (afterMs, likely) => {
      expect(permits.likelyUse()).toBe(0);
      use(10);
      await clock.advance(afterMs);
      expect(permits.likelyUse()).toBe(likely);
    });

    it('are fewer the older the last second is', async () => {
      use(10);
      await clock.advance(1000);
      use(2);
      expect(permits.likelyUse()).toBe(10);
      await clock.advance(500);
      expect(permits.likelyUse()).toBe(6);
      await clock.advance(500);
      expect(permits.likelyUse()).toBe(1);
    });

    it('forget a second that nobody used after it', async () => {
      use(10);
      await clock.advance(2000);
      use(2);
      expect(permits.likelyUse()).toBe(1);
    });
  });
});
