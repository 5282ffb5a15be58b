import { HandClock } from '../../../test/support/hand-clock';
import { Poller } from './poller';

describe('a poller', () => {
  const clock = () => new HandClock();
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it('runs at once, then after each pause, which begins when the run ends', async () => {
    const time = clock();
    const ends: (() => void)[] = [];
    const poller = new Poller({ clock: time, everyMs: 1000, run: () => new Promise<void>((end) => ends.push(end)) });
    poller.start();
    await time.advance(5000);
    expect(ends).toHaveLength(1);
    ends[0]?.();
    await turn();
    await time.advance(999);
    expect(ends).toHaveLength(1);
    await time.advance(1);
    expect(ends).toHaveLength(2);
  });

  it('runs again after a run that fails', async () => {
    const time = clock();
    let runs = 0;
    const run = () => Promise.reject(new Error(`run ${++runs}`));
    new Poller({ clock: time, everyMs: 1000, run }).start('later');
    expect(runs).toBe(0);
    await time.advance(1000);
    await turn();
    await time.advance(1000);
    expect(runs).toBe(2);
  });

  it('runs once more when it is woken during a run, however often', async () => {
    let runs = 0;
    const poller = new Poller({
      clock: clock(),
      everyMs: 1000,
      run: async () => {
        if (++runs === 1) for (let i = 0; i < 3; i++) poller.wake();
        await turn();
      },
    });
    poller.start();
    for (let i = 0; i < 5; i++) await turn();
    expect(runs).toBe(2);
    poller.wake();
    expect(runs).toBe(3);
  });

  it('does not run any more once it is stopped', async () => {
    const time = clock();
    let runs = 0;
    const poller = new Poller({ clock: time, everyMs: 1000, run: () => Promise.resolve(++runs) });
    poller.start();
    await turn();
    poller.stop();
    poller.wake();
    await time.advance(10_000);
    expect(runs).toBe(1);
  });
});
