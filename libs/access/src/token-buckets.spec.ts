import { HandClock } from '../../../test/support/hand-clock';
import { TokenBuckets } from './token-buckets';

const taken = (buckets: TokenBuckets, name: string, times: number) =>
  Array.from({ length: times }, () => buckets.take(name)).filter((waitMs) => waitMs === 0).length;

describe('a token bucket', () => {
  it('has a burst and a refill rate for each name, and reports exactly when the next token is there', async () => {
    const clock = new HandClock();
    const buckets = new TokenBuckets({ capacity: 3, tokensPerSecond: 2, maxNames: 10 }, clock);
    expect([taken(buckets, 'a', 5), taken(buckets, 'b', 2)]).toEqual([3, 2]);
    const waitMs = buckets.take('a');
    await clock.advance(waitMs - 1);
    expect(buckets.take('a')).toBe(1);
    await clock.advance(1);
    expect(buckets.take('a')).toBe(0);
    await clock.advance(3_600_000);
    expect(taken(buckets, 'a', 5)).toBe(3);
  });

  it('tells when it has a token without taking it', async () => {
    const clock = new HandClock();
    const buckets = new TokenBuckets({ capacity: 1, tokensPerSecond: 2, maxNames: 10 }, clock);
    expect([buckets.waitMs('a'), buckets.waitMs('a'), buckets.take('a'), buckets.waitMs('a')]).toEqual([0, 0, 0, 500]);
    await clock.advance(200);
    expect([buckets.waitMs('a'), buckets.waitMs('b')]).toEqual([300, 0]);
  });

  it('gets refunded tokens back, and never holds more than its capacity', () => {
    const buckets = new TokenBuckets({ capacity: 2, tokensPerSecond: 1, maxNames: 10 }, new HandClock());
    for (let i = 0; i < 20; i++) {
      expect(buckets.take('a')).toBe(0);
      buckets.refund('a');
    }
    for (let i = 0; i < 5; i++) buckets.refund('a');
    expect(taken(buckets, 'a', 9)).toBe(2);
  });

  it('exists for a limited number of names; the least recently used one is dropped', () => {
    const buckets = new TokenBuckets({ capacity: 1, tokensPerSecond: 0.001, maxNames: 3 }, new HandClock());
    for (const name of ['a', 'b', 'c', 'a', 'd']) buckets.take(name);
    expect(buckets.size).toBe(3);
    expect(buckets.take('a')).toBeGreaterThan(0);
    expect(buckets.take('b')).toBe(0);
    for (let i = 0; i < 1000; i++) buckets.take(`name ${i}`);
    expect(buckets.size).toBe(3);
  });
});
