import fc from 'fast-check';
import { timedOutMessage } from './command-timeouts';
import type { StoreConnection } from './connect-store';
import { HandClock, settle } from '../../../test/support/hand-clock';
import { InvalidatedCache } from './invalidated-cache';
import type { InvalidationListener, InvalidationSource } from './invalidations';

/** Reports what a test wants to report. */
class HandSource implements InvalidationSource {
  proven = true;
  tracked: StoreConnection | undefined = { status: 'ready' } as StoreConnection;
  private readonly listeners: InvalidationListener[] = [];

  isProven = () => this.proven;

  subscribe(listener: InvalidationListener): void {
    this.listeners.push(listener);
  }

  report(key: string): void {
    for (const listener of this.listeners) listener.invalidated(key);
  }

  break(): void {
    this.tracked = undefined;
    for (const listener of this.listeners) listener.flush();
  }
}

function world(maxEntries = 10) {
  const clock = new HandClock();
  const source = new HandSource();
  const untracked = { status: 'ready' } as StoreConnection;
  const cache = new InvalidatedCache<string>({ source, clock, redis: untracked, maxEntries }, (key) => {
    cache.forget(key);
  });
  let reads = 0;
  const stored = new Map<string, string>();
  const through: StoreConnection[] = [];
  const read = (name: string, ttlMs?: number) =>
    cache.get(name, async (redis) => {
      reads++;
      through.push(redis);
      const value = stored.get(name);
      await settle();
      return value === undefined ? undefined : { value, ...(ttlMs !== undefined && { ttlMs }) };
    });
  return { clock, source, cache, stored, read, through, untracked, readCount: () => reads };
}

describe('an invalidated cache', () => {
  it('reads a value once, also for those who want it at the same time', async () => {
    const { cache, stored, read, readCount } = world();
    stored.set('k', 'v1');
    expect(cache.peek('k')).toBeUndefined();
    expect(await Promise.all([read('k'), read('k'), read('k')])).toEqual(['v1', 'v1', 'v1']);
    expect([cache.peek('k'), await read('k'), readCount()]).toEqual(['v1', 'v1', 1]);
  });

  it('reads a reported value once more', async () => {
    const { cache, source, stored, read } = world();
    stored.set('k', 'v1');
    await read('k');
    stored.set('k', 'v2');
    source.report('other');
    expect(cache.peek('k')).toBe('v1');
    source.report('k');
    expect([cache.peek('k'), await read('k')]).toEqual([undefined, 'v2']);
  });

  it('stores nothing that was reported, forgotten or flushed while it was read', async () => {
    for (const change of ['report', 'forget', 'flush'] as const) {
      const { cache, source, stored, read } = world();
      stored.set('k', 'v1');
      const reading = read('k');
      if (change === 'report') source.report('k');
      else cache[change]('k');
      stored.set('k', 'v2');
      expect([await reading, cache.peek('k'), await read('k')]).toEqual(['v1', undefined, 'v2']);
    }
  });

  it('does not let a read join one that began before a report', async () => {
    const { source, stored, read } = world();
    stored.set('k', 'v1');
    const before = read('k');
    stored.set('k', 'v2');
    source.report('k');
    expect([await read('k'), await before]).toEqual(['v2', 'v1']);
  });

  it('stores no absent value', async () => {
    const { stored, read, readCount } = world();
    expect(await read('k')).toBeUndefined();
    stored.set('k', 'v1');
    expect([await read('k'), readCount()]).toEqual(['v1', 2]);
  });

  it('returns nothing from memory without a proof, and reads through the other connection', async () => {
    const { cache, source, stored, read, through, untracked } = world();
    stored.set('k', 'v1');
    await read('k');
    source.proven = false;
    expect([cache.peek('k'), await read('k'), through.at(-1)]).toEqual([undefined, 'v1', untracked]);
    source.proven = true;
    source.break();
    expect([cache.peek('k'), await read('k'), through.at(-1)]).toEqual([undefined, 'v1', untracked]);
    expect(cache.peek('k')).toBeUndefined();
  });

  it('reads through the other connection when the tracked one broke, and stores nothing then', async () => {
    const { cache, source, untracked } = world();
    const broken = { status: 'reconnecting' } as StoreConnection;
    source.tracked = broken;
    const value = await cache.get('k', (redis) => {
      if (redis !== broken) return Promise.resolve({ value: redis === untracked ? 'v1' : 'v0' });
      source.break();
      return Promise.reject(new Error('Connection is closed.'));
    });
    expect([value, cache.peek('k')]).toEqual(['v1', undefined]);
  });

  it('does not wait for Redis twice', async () => {
    const { cache } = world();
    const late = () => Promise.reject(new Error(timedOutMessage));
    const load = jest.fn(late);
    await expect(cache.get('k', load)).rejects.toThrow(timedOutMessage);
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('throws what a read throws, and reads the next time', async () => {
    const { cache, stored, read } = world();
    stored.set('k', 'v1');
    await expect(cache.get('k', () => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    expect(await read('k')).toBe('v1');
  });

  it('stores a value for as long as Redis holds it, counted from before it was read, and a minute at most', async () => {
    const { cache, clock, stored, read } = world();
    stored.set('short', 'v').set('long', 'v').set('gone', 'v');
    await Promise.all([read('short', 5000), read('long', -1), read('gone', 0)]);
    expect(cache.peek('gone')).toBeUndefined();
    await clock.advance(4999);
    expect([cache.peek('short'), cache.peek('long')]).toEqual(['v', 'v']);
    await clock.advance(1);
    expect([cache.peek('short'), cache.peek('long')]).toEqual([undefined, 'v']);
    await clock.advance(55_000);
    expect(cache.peek('long')).toBeUndefined();
  });

  it('stores the values that were used last', async () => {
    const { cache, stored, read } = world(2);
    stored.set('a', '1').set('b', '2').set('c', '3');
    await read('a');
    await read('b');
    cache.peek('a');
    await read('c');
    expect(['a', 'b', 'c'].map((name) => cache.peek(name))).toEqual(['1', undefined, '3']);
  });

  it('has nothing from before a write of this replica after it, even if that fails', async () => {
    const { cache, stored, read } = world();
    stored.set('k', 'v1');
    await read('k');
    let during: Promise<string | undefined> | undefined;
    const write = () => {
      expect(cache.peek('k')).toBeUndefined();
      during = read('k');
      stored.set('k', 'v2');
      return Promise.reject(new Error('no reply'));
    };
    await expect(cache.changing('k', write)).rejects.toThrow('no reply');
    expect([await during, cache.peek('k'), await read('k')]).toEqual(['v1', undefined, 'v2']);
  });

  it('has the newest value once every report has arrived, in any order of reads, writes, replies and reports', async () => {
    const steps = fc.array(fc.constantFrom('read', 'write', 'reply', 'report'), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(steps, async (order) => {
        const { cache, source } = world();
        let stored = 0;
        // As Redis does: a read makes the next write report the key, once.
        let isTracked = false;
        const reports: (() => void)[] = [];
        const replies: (() => void)[] = [];
        const read = () =>
          cache.get('k', () => {
            const value = `${stored}`;
            isTracked = true;
            return new Promise((resolve) => {
              replies.push(() => {
                resolve({ value });
              });
            });
          });
        const run = {
          read: () => void read(),
          write: () => {
            stored++;
            if (isTracked) reports.push(() => source.report('k'));
            isTracked = false;
          },
          reply: () => replies.shift()?.(),
          report: () => reports.shift()?.(),
        };
        for (const step of order) {
          run[step]();
          await Promise.resolve();
        }
        while (replies.length > 0 || reports.length > 0) {
          run.reply();
          run.report();
          await settle();
        }
        const last = read();
        run.reply();
        expect(await last).toBe(`${stored}`);
      }),
      { numRuns: 200 },
    );
  });
});
