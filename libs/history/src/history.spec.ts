import fc from 'fast-check';
import { CallHistory } from './call-history';
import { CallTally, type CountedCall } from './call-tally';
import type { Periods } from './history-store';
import { UsageTally } from './usage-tally';

const call = (more: Partial<CountedCall> = {}): CountedCall => ({
  ...{ portal: 'p', client: 'c_1', clientName: 'planning', method: 'crm.deal.list', outcome: 'ok' },
  ...{ tookMs: 120, queueMs: 20, upstreamMs: 100, commands: 1 },
  ...more,
});
const tallyOf = (calls: readonly CountedCall[]) => {
  const tally = new CallTally();
  for (const it of calls) tally.add(it);
  return tally;
};
const anyCall = fc.record({
  outcome: fc.constantFrom('ok', 'queue_full', 'portal_error'),
  tookMs: fc.nat(60_000),
  queueMs: fc.nat(60_000),
  upstreamMs: fc.nat(60_000),
  commands: fc.nat(50),
  method: fc.constantFrom('crm.deal.list', 'user.get'),
});
const anyCalls = fc.array(
  anyCall.map((it) => call(it)),
  { maxLength: 40 },
);

describe('a tally of calls', () => {
  it('is the same after it was written and read, and after it was counted in two parts', () => {
    fc.assert(
      fc.property(anyCalls, anyCalls, (some, others) => {
        const merged = CallTally.decode(tallyOf(some).encode());
        merged.merge(CallTally.decode(tallyOf(others).encode()));
        expect(merged).toEqual(tallyOf([...some, ...others]));
      }),
    );
  });

  it('has a share of a request for each command of it', () => {
    const tally = tallyOf([call({ commands: 4 }), call({ commands: 4 }), call({ commands: 0 }), call()]);
    expect([tally.calls, tally.requestsMilli]).toEqual([4, 1500]);
  });

  it('says within which time a share of the calls ended', () => {
    const times = [...Array<number>(90).fill(30), ...Array<number>(9).fill(400), 20_000];
    const tally = tallyOf(times.map((tookMs) => call({ tookMs })));
    expect(tally.quantileMs(0.5)).toBeLessThanOrEqual(50);
    expect(tally.quantileMs(0.95)).toBeGreaterThan(250);
    expect(tally.quantileMs(0.95)).toBeLessThanOrEqual(500);
    expect(tally.quantileMs(1)).toBe(30_000);
    expect(new CallTally().quantileMs(0.5)).toBeUndefined();
  });

  it('counts rare codes together, so that its size is limited', () => {
    const tally = tallyOf(Array.from({ length: 100 }, (_, i) => call({ outcome: `code_${i}` })));
    expect([tally.codes.size, tally.failed, tally.codes.get('other')]).toEqual([13, 100, 88]);
  });

  it.each(['', ';', 'x;y', '-1,2', '1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7', 'zzzzzzzzzzzzzzz', ';=;==', '{}'])(
    'reads %j, which it did not write, without an error',
    (text) => {
      const tally = CallTally.decode(text);
      expect([tally.calls, ...tally.times, tally.failed].every(Number.isSafeInteger)).toBe(true);
    },
  );
});

describe('a tally of users', () => {
  it('has the greatest share first, and fifty pairs by name', () => {
    const tally = new UsageTally();
    for (let i = 0; i < 60; i++) tally.add(call({ method: `m.${i}` }));
    tally.add(call({ method: 'm.7', outcome: 'queue_full', commands: 0 }));
    for (let i = 0; i < 3; i++) tally.add(call({ client: 'c_2', method: 'm.1' }));
    const [first, ...others] = UsageTally.decode(tally.encode());
    expect(first).toBeDefined();
    const merged = new UsageTally();
    merged.merge([first!, ...others]);
    expect(merged.sorted()[0]).toMatchObject({ client: 'c_1', method: 'other', calls: 10 });
    expect(merged.sorted().find(({ method }) => method === 'm.7')).toMatchObject({ calls: 2, failed: 1 });
    expect(others.length + 1).toBe(52);
  });

  it.each(['', '{}', '[1]', '[["c"]]', '[["c","n","m","x",0,0]]', '[[1,2,3,4,5,6]]'])('has no line in %j', (text) => {
    expect(UsageTally.decode(text)).toEqual([]);
  });
});

describe('CallHistory', () => {
  const beganMs = Date.UTC(2026, 0, 5, 9, 59, 30);
  let nowMs: number;
  let due: (() => void) | undefined;
  let written: [portal: string, periods: string, at: string, calls: number][];
  let history: CallHistory;
  let status: 'ready' | 'reconnecting';

  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const passTo = async (atMs: number) => {
    nowMs = atMs;
    due?.();
    await settled();
  };
  const timeOf = (atMs: number) => new Date(atMs).toISOString().slice(8, 16);

  beforeEach(() => {
    nowMs = beganMs;
    written = [];
    status = 'ready';
    const clock = {
      now: () => nowMs,
      after: (_ms: number, task: () => void) => {
        due = task;
        return () => (due = undefined);
      },
    } as never;
    const store = {
      putCalls: (portal: string, periods: Periods, atMs: number, tally: CallTally) => {
        written.push([portal, periods.name, timeOf(atMs), tally.calls]);
        return Promise.resolve();
      },
      putUsage: () => Promise.resolve(),
    };
    history = new CallHistory({
      redis: {
        get status() {
          return status;
        },
      },
      store,
      clock,
      maxPortals: 2,
    });
    history.start();
  });

  it('writes each minute once, and what the hour has so far', async () => {
    history.record(call());
    history.record(call());
    await passTo(beganMs + 30_500);
    history.record(call());
    await passTo(beganMs + 90_500);
    await passTo(beganMs + 150_500);
    expect(written).toEqual([
      ['p', 'minute', '05T09:59', 2],
      ['p', 'hour', '05T09:59', 2],
      ['p', 'minute', '05T10:00', 1],
      ['p', 'hour', '05T10:00', 1],
    ]);
  });

  it('writes a part of a minute when the replica stops, and the whole of it if it goes on', async () => {
    history.record(call());
    await history.settle();
    history.record(call());
    await history.settle();
    expect(written.filter(([, name]) => name === 'minute').map(([, , , calls]) => calls)).toEqual([1, 2]);
  });

  it('counts the portals that come first in an hour, and makes room where one has no calls', async () => {
    for (const portal of ['a', 'b', 'c']) history.record(call({ portal }));
    await history.settle();
    expect(new Set(written.map(([portal]) => portal))).toEqual(new Set(['a', 'b']));
    await passTo(beganMs + 30_500);
    history.record(call({ portal: 'a' }));
    await passTo(beganMs + 3_630_500);
    history.record(call({ portal: 'c' }));
    written.length = 0;
    await history.settle();
    expect(written.map(([portal, name]) => [portal, name])).toEqual([
      ['c', 'minute'],
      ['c', 'hour'],
    ]);
  });

  it('writes nothing while Redis is away; the hour has those calls all the same', async () => {
    status = 'reconnecting';
    nowMs = beganMs + 31_000;
    await passTo(beganMs + 31_000);
    history.record(call());
    await passTo(beganMs + 91_000);
    status = 'ready';
    history.record(call());
    await passTo(beganMs + 151_000);
    expect(written).toEqual([
      ['p', 'minute', '05T10:01', 1],
      ['p', 'hour', '05T10:01', 2],
    ]);
  });
});
