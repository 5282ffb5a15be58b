import { HandClock } from '../../../test/support/hand-clock';
import { ExchangeDeadlines, type TimedExchange } from './exchange-deadlines';

describe('the time limits of exchanges', () => {
  let clock: HandClock;
  let deadlines: ExchangeDeadlines;
  let expired: string[];

  beforeEach(() => {
    clock = new HandClock();
    deadlines = new ExchangeDeadlines(clock);
    expired = [];
  });

  const exchange = (name: string): TimedExchange => ({ expire: () => expired.push(name) });

  it.each([
    [1000, 1000],
    [1001, 2000],
    [70_000, 70_000],
  ])('of %i ms end the first one after %i ms', async (limitMs, endMs) => {
    deadlines.add(exchange('a'), limitMs);
    await clock.advance(endMs - 1);
    expect(expired).toEqual([]);
    await clock.advance(1);
    expect([expired, clock.pending]).toEqual([['a'], 0]);
  });

  it('end another one up to a second later, with the same timer', async () => {
    deadlines.add(exchange('a'), 1000);
    await clock.advance(500);
    deadlines.add(exchange('b'), 1000);
    expect(clock.pending).toBe(1);
    await clock.advance(500);
    expect(expired).toEqual(['a']);
    await clock.advance(999);
    expect(expired).toEqual(['a']);
    await clock.advance(1);
    expect([expired, clock.pending]).toEqual([['a', 'b'], 0]);
  });

  it('do not end one that was answered, and need no timer without any', async () => {
    const [a, b] = [exchange('a'), exchange('b')];
    deadlines.add(a, 1000);
    deadlines.add(b, 1000);
    deadlines.remove(a);
    expect(clock.pending).toBe(1);
    deadlines.remove(b);
    expect(clock.pending).toBe(0);
    deadlines.remove(b);
    await clock.advance(5000);
    expect(expired).toEqual([]);
    deadlines.add(a, 1000);
    await clock.advance(1000);
    expect(expired).toEqual(['a']);
  });

  it('end exchanges that an ended one begins in turn', async () => {
    deadlines.add({ expire: () => deadlines.add(exchange('b'), 1000) }, 1000);
    await clock.advance(1000);
    expect(clock.pending).toBe(1);
    await clock.advance(1000);
    expect([expired, clock.pending]).toEqual([['b'], 0]);
  });
});
