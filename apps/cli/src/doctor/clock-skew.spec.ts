import fc from 'fast-check';
import { judgeSkew, skewOf } from './clock-skew';

const time = fc.integer({ min: 1_000_000, max: 2_000_000 });
const short = fc.integer({ min: 0, max: 5000 });

describe('the skew of two clocks', () => {
  it('is never found between clocks that go alike, however slow the way and coarse the steps', () => {
    fc.assert(
      fc.property(time, short, short, fc.constantFrom(1, 1000), (requestedAtMs, there, back, stepMs) => {
        const theirsMs = Math.floor((requestedAtMs + there) / stepMs) * stepMs;
        expect(skewOf({ theirsMs, requestedAtMs, answeredAtMs: requestedAtMs + there + back, stepMs })).toBeCloseTo(0);
      }),
    );
  });

  it('is found but for what the way and the steps may hide', () => {
    fc.assert(
      fc.property(
        time,
        short,
        short,
        fc.integer({ min: -100_000, max: 100_000 }),
        (requestedAtMs, there, back, aheadMs) => {
          const theirsMs = requestedAtMs - aheadMs + there;
          const skewMs = skewOf({ theirsMs, requestedAtMs, answeredAtMs: requestedAtMs + there + back, stepMs: 1 });
          expect(Math.abs(skewMs)).toBeLessThanOrEqual(Math.abs(aheadMs));
          expect(Math.abs(aheadMs) - Math.abs(skewMs)).toBeLessThanOrEqual(there + back + 1);
        },
      ),
    );
  });

  it('is told by its direction, with what to do', () => {
    const reading = { theirsMs: 100_000, requestedAtMs: 220_000, answeredAtMs: 220_010, stepMs: 1 };
    expect(judgeSkew('redis_clock', 'Redis', reading, 2000)).toMatchObject({
      state: 'problem',
      detail: expect.stringMatching(/1 min ahead of that of Redis: .*NTP/) as string,
    });
    expect(judgeSkew('redis_clock', 'Redis', { ...reading, theirsMs: 219_000 }, 2000).state).toBe('ok');
  });
});
