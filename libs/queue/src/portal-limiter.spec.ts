import { Fault } from '@b24/portal';
import { HandClock, settle } from '../../../test/support/hand-clock';
import { PortalLimiter } from './portal-limiter';
import type { PermitLease, PermitReport } from './portal-permits';
import type { Plan } from './rate-limiter';

const plan: Plan = { burst: 50, drainPerSecond: 2 };

interface LeaseRequest {
  readonly atMs: number;
  readonly want: number;
  readonly backOffMs: number;
  readonly report: PermitReport;
}

describe('the rate limiter of one portal on one replica', () => {
  let clock: HandClock;
  let startMs: number;
  let requests: LeaseRequest[];
  /** What the store replies, in turn; the last one from then on. */
  let leases: (PermitLease | Error)[];
  let pausedUntilMs: number;
  let held: number;
  let limiter: PortalLimiter;

  const granted = (count: number, waitMs = 0): PermitLease => ({ granted: count, left: 0, waitMs });
  const limiterWith = (itsPlan: Plan) =>
    new PortalLimiter(
      {
        clock,
        requestLease: (_plan, report, want, backOffMs) => {
          requests.push({ atMs: clock.now() - startMs, want, backOffMs, report });
          const [next] = leases.length > 1 ? leases.splice(0, 1) : leases;
          return next instanceof Error ? Promise.reject(next) : Promise.resolve(next ?? granted(0, 1000));
        },
        pausedUntilMs: () => pausedUntilMs,
        onHeld: (it) => {
          expect(it).toBe(limiter);
          held++;
        },
      },
      itsPlan,
    );

  beforeEach(() => {
    clock = new HandClock();
    startMs = clock.now();
    requests = [];
    leases = [granted(0, 1000)];
    pausedUntilMs = 0;
    held = 0;
    limiter = limiterWith(plan);
  });

  /** Acquires a permit; the name is appended to `order` when it is granted, or the code of the fault. */
  const acquire = (order: string[], name: string, onWait?: () => void) =>
    limiter.acquire(onWait).then(
      (permit) => {
        order.push(name);
        return permit;
      },
      (fault: unknown) => {
        order.push(`${name} ${(fault as Fault).code}`);
        return undefined;
      },
    );
  const times = () => requests.map(({ atMs }) => atMs);

  it('has a permit at once only while it has leased one', async () => {
    expect(limiter.tryAcquire()).toBeUndefined();
    leases = [granted(2)];
    await limiter.acquire();
    expect([limiter.tryAcquire() !== undefined, limiter.tryAcquire(), held]).toEqual([true, undefined, 1]);
  });

  it('leases as many permits as wait, with one request', async () => {
    leases = [granted(3)];
    const order: string[] = [];
    await Promise.all(['a', 'b', 'c'].map((name) => acquire(order, name)));
    expect([order, requests.map(({ want }) => want)]).toEqual([['a', 'b', 'c'], [3]]);
  });

  it('leases as many as the last second used', async () => {
    leases = [granted(5), granted(1)];
    await limiter.acquire();
    while (limiter.tryAcquire());
    await limiter.acquire();
    expect(requests.map(({ want }) => want)).toEqual([1, 4]);
  });

  it('leases once more while a lease brings fewer than wait', async () => {
    leases = [granted(1), granted(1)];
    const order: string[] = [];
    await Promise.all(['a', 'b'].map((name) => acquire(order, name)));
    expect([order, requests.map(({ want }) => want)]).toEqual([
      ['a', 'b'],
      [2, 1],
    ]);
  });

  it('lets nobody pass those that wait', async () => {
    const order: string[] = [];
    const waiting = acquire(order, 'a');
    await settle();
    expect(limiter.tryAcquire()).toBeUndefined();
    leases = [granted(2), granted(0, 1000)];
    const next = acquire(order, 'b');
    await clock.advance(250);
    await Promise.all([waiting, next]);
    expect(order).toEqual(['a', 'b']);
  });

  it.each<[what: string, itsPlan: Plan, waitMs: number, pollMs: number]>([
    ['when the permit is there', plan, 100, 100],
    ['in 5 ms at the earliest', plan, 0, 5],
    ['twice per permit that drains', { burst: 50, drainPerSecond: 4 }, 1000, 125],
    ['after 25 ms of a fast portal', { burst: 500, drainPerSecond: 50 }, 1000, 25],
    ['after 250 ms at the latest', { burst: 5, drainPerSecond: 0.5 }, 1000, 250],
  ])('polls %s', async (_what, itsPlan, waitMs, pollMs) => {
    limiter = limiterWith(itsPlan);
    leases = [granted(0, waitMs)];
    let waits = 0;
    const waiting = limiter.acquire(() => waits++).catch(() => undefined);
    await clock.advance(pollMs - 1);
    expect([times(), waits]).toEqual([[0], 0]);
    await clock.advance(1);
    expect([times(), waits]).toEqual([[0, pollMs], 1]);
    await clock.advance(pollMs);
    expect([times(), waits]).toEqual([[0, pollMs, 2 * pollMs], 2]);
    limiter.fail(new Fault('shutting_down'));
    await waiting;
  });

  it('polls no more when nobody waits', async () => {
    leases = [granted(0, 1000), granted(1)];
    const waiting = limiter.acquire();
    await clock.advance(250);
    await waiting;
    expect(clock.pending).toBe(0);
    leases = [granted(1)];
    expect((await limiter.acquire()).level.left).toBe(0);
  });

  it('gives a permit that is refunded to the next one that waits', async () => {
    leases = [granted(1), granted(0, 1000)];
    const order: string[] = [];
    const permit = await acquire(order, 'a');
    const waiting = acquire(order, 'b');
    await settle();
    expect(held).toBe(1);
    permit?.refund();
    await waiting;
    expect([order, held]).toEqual([['a', 'b'], 2]);
  });

  it('lets nobody have a turn for a refund that has lapsed', async () => {
    leases = [granted(1), granted(0, 1000)];
    const order: string[] = [];
    const permit = await acquire(order, 'a');
    const waiting = acquire(order, 'b');
    await clock.advance(1000);
    permit?.refund();
    await settle();
    expect(order).toEqual(['a']);
    leases = [granted(1)];
    await clock.advance(250);
    await waiting;
    expect(order).toEqual(['a', 'b']);
  });

  describe('while the store fails', () => {
    const failure = new Error('connection lost');

    it('rejects an acquisition that would not wait otherwise', async () => {
      leases = [failure];
      await expect(limiter.acquire()).rejects.toBe(failure);
    });

    it('rejects those that wait after three polls in a row', async () => {
      const order: string[] = [];
      const waiting = [acquire(order, 'a'), acquire(order, 'b')];
      await settle();
      leases = [failure];
      await clock.advance(749);
      expect(order).toEqual([]);
      await clock.advance(1);
      await Promise.all(waiting);
      expect([order, times()]).toEqual([
        ['a store_unavailable', 'b store_unavailable'],
        [0, 250, 500, 750],
      ]);
      expect(clock.pending).toBe(0);
    });

    it('goes on waiting after two', async () => {
      leases = [granted(0, 1000), failure, failure, granted(0, 1000), failure, failure, granted(1)];
      const waiting = limiter.acquire();
      await clock.advance(1500);
      await waiting;
      expect(times()).toEqual([0, 250, 500, 750, 1000, 1250, 1500]);
    });

    it('counts failures from the beginning when somebody waits again', async () => {
      const order: string[] = [];
      leases = [granted(0, 1000), failure, failure, granted(1), granted(0, 1000), failure, failure, granted(1)];
      for (const name of ['a', 'b']) {
        const waiting = acquire(order, name);
        await clock.advance(750);
        await waiting;
        clock.jump(10_000);
      }
      expect(order).toEqual(['a', 'b']);
    });

    it('reports with the next request what the lost report covered', async () => {
      leases = [granted(2)];
      for (const permit of [await limiter.acquire(), limiter.tryAcquire()]) permit?.settle();
      leases = [failure, granted(0)];
      await expect(limiter.report()).rejects.toBe(failure);
      await limiter.report();
      expect(requests.slice(1).map(({ report }) => report.floor)).toEqual([2, 2]);
    });
  });

  it('rejects those that wait when it fails for good', async () => {
    const order: string[] = [];
    const waiting = acquire(order, 'a');
    await settle();
    limiter.fail(new Fault('shutting_down'));
    await waiting;
    expect([order, clock.pending]).toEqual([['a shutting_down'], 0]);
  });

  it('requests no lease while leases are paused', async () => {
    pausedUntilMs = clock.now() + 400;
    leases = [granted(1, 1000)];
    const waiting = limiter.acquire();
    await clock.advance(399);
    expect(times()).toEqual([]);
    await clock.advance(1);
    await waiting;
    expect(times()).toEqual([400]);
  });

  it('reports while leases are paused', async () => {
    pausedUntilMs = clock.now() + 400;
    await limiter.report();
    expect(requests).toMatchObject([{ atMs: 0, want: 0, backOffMs: 0 }]);
  });

  describe('when it backs off', () => {
    it('uses no permit that it has in hand', async () => {
      leases = [granted(3), granted(0)];
      await limiter.acquire();
      await limiter.report(2000);
      expect(limiter.tryAcquire()).toBeUndefined();
      expect(requests[1]).toMatchObject({ want: 0, backOffMs: 2000, report: { count: 1 } });
    });

    it('repeats the rest of it with each report until its end', async () => {
      await limiter.report(2000);
      await clock.advance(500);
      await limiter.report();
      await clock.advance(1500);
      await limiter.report();
      expect(requests.map(({ backOffMs }) => backOffMs)).toEqual([2000, 1500, 0]);
    });

    it('keeps its permits for a report without a back-off', async () => {
      leases = [granted(3), granted(0)];
      await limiter.acquire();
      await limiter.report();
      expect(limiter.tryAcquire()).toBeDefined();
    });
  });

  it('reports one after the other, and settles when no report is under way', async () => {
    leases = [new Error('lost'), granted(2)];
    const failed = limiter.report();
    const leased = limiter.acquire();
    let settled = false;
    const settling = limiter.settle().then(() => (settled = true));
    expect([settled, requests.length]).toEqual([false, 0]);
    await expect(failed).rejects.toThrow('lost');
    await leased;
    await settling;
    expect(requests.map(({ want }) => want)).toEqual([0, 1]);
    expect(limiter.level).toEqual({ left: 1, capacity: 46, drainPerSecond: 2 });
  });
});
