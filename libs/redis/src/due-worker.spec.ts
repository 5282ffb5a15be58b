import { HandClock } from '../../../test/support/hand-clock';
import { DueWorker } from './due-worker';

describe('a worker of a due queue', () => {
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it('works on a limited number at once, and takes the next as soon as one ends', async () => {
    const due = [1, 2, 3];
    const ends: (() => void)[] = [];
    const worker = new DueWorker({
      clock: new HandClock(),
      everyMs: 1000,
      maxConcurrent: 2,
      take: () => Promise.resolve(due.shift()),
      work: () => new Promise<void>((end) => ends.push(end)),
    });
    worker.start();
    await turn();
    expect([ends.length, worker.isFull]).toEqual([2, true]);
    ends[0]?.();
    await turn();
    await turn();
    expect(ends).toHaveLength(3);
    worker.stop();
    ends.forEach((end) => {
      end();
    });
    await worker.settle();
    expect(worker.isFull).toBe(false);
  });

  it('takes nothing more once it is stopped', async () => {
    const take = jest.fn(() => Promise.resolve(undefined));
    const worker = new DueWorker({ clock: new HandClock(), everyMs: 1000, maxConcurrent: 2, take, work: jest.fn() });
    worker.stop();
    worker.start();
    await turn();
    expect(take).not.toHaveBeenCalled();
  });
});
