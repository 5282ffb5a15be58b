import { HandClock } from '../../../test/support/hand-clock';
import { heartbeat } from './heartbeat';

describe('a heartbeat', () => {
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it('renews until it is stopped, also after a renewal that failed', async () => {
    const clock = new HandClock();
    let beats = 0;
    const renew = () => (++beats === 1 ? Promise.reject(new Error('no answer')) : Promise.resolve(true));
    const end = heartbeat({ clock, everyMs: 100, renew });
    for (let i = 0; i < 3; i++) {
      await clock.advance(100);
      await turn();
    }
    expect(beats).toBe(3);
    end();
    await clock.advance(1000);
    expect(beats).toBe(3);
  });

  it('reports once that another holds the lease, and ends', async () => {
    const clock = new HandClock();
    const lost = jest.fn();
    heartbeat({ clock, everyMs: 100, renew: () => Promise.resolve(false), lost });
    await clock.advance(100);
    await turn();
    await clock.advance(1000);
    expect(lost).toHaveBeenCalledTimes(1);
  });
});
