import { type SlotState, nextJob, shouldLeave, type JobSlot } from './slot-order';

/** `a1` is job 1 of client a, `a1!` a running job that makes room. */
const jobOf = (name: string) => ({ client: name[0] ?? '', job: name });
const turnOf = (name: string): JobSlot => {
  const job = name.replace('!', '');
  return { ...jobOf(job), ticket: `of ${job}`, sinceMs: 0, leaving: name.endsWith('!') };
};
const floorOf = (open: string, running = '', served: Record<string, number> = {}): SlotState => ({
  open: [...open.split(' '), ...running.replaceAll('!', '').split(' ')].filter(Boolean).map(jobOf),
  turns: running.split(' ').filter(Boolean).map(turnOf),
  served: new Map(Object.entries(served)),
});

describe('whose job gets a free slot', () => {
  it.each([
    ['none when no job waits', floorOf('', 'a1'), undefined],
    ['the oldest job', floorOf('a1 a2'), 'a1'],
    ['the job of the client with fewer slots, although it came last', floorOf('a3 a4 b1', 'a1 a2'), 'b1'],
    ['the job of a client without a slot before that of a client with one', floorOf('b2 c1', 'a1 b1'), 'c1'],
    ['the job of the client served longest ago among equals', floorOf('a1 b1 c1', '', { a: 3, b: 1, c: 2 }), 'b1'],
    ['the job of a client that was never served', floorOf('a1 b1', '', { a: 1 }), 'b1'],
    ['a job that makes room does not count as a slot of its client', floorOf('a2 b2', 'a1! b1'), 'a2'],
    ['the next job of the only client', floorOf('a2 a3', 'a1'), 'a2'],
  ])('%s', (_what, floor, expected) => {
    expect(nextJob(floor)?.job).toBe(expected);
  });

  it('skips a job that the caller could not run', () => {
    expect(nextJob(floorOf('a1 a2'), new Set(['a1']))?.job).toBe('a2');
  });
});

describe('whether a running job makes room', () => {
  it.each([
    ['not when no job waits', floorOf('', 'a1 a2'), 'a1', 5000, false],
    ['not for another job of the same client', floorOf('a3', 'a1 a2'), 'a1', 5000, false],
    ['at once for a client without a slot when its own client has two', floorOf('b1', 'a1 a2'), 'a1', 0, true],
    ['not when another job makes room already', floorOf('b1', 'a1! a2 a3'), 'a2', 5000, false],
    ['when one job makes room and two clients wait', floorOf('b1 c1', 'a1! a2 a3'), 'a2', 0, true],
    ['not yet for a client with as many slots', floorOf('b2', 'a1 b1'), 'a1', 5000, false],
    ['not within a second when that would only swap the two clients', floorOf('b1', 'a1'), 'a1', 999, false],
    ['after a second when there are more clients than slots', floorOf('b1', 'a1'), 'a1', 1000, true],
    ['not a job of the client with fewer slots', floorOf('b2', 'a1 a2 b1'), 'b1', 5000, false],
  ])('%s', (_what, floor, job, nowMs, expected) => {
    const turn = floor.turns.find((it) => it.job === job);
    expect(turn && shouldLeave(floor, turn, nowMs)).toBe(expected);
  });

  it('gives every client a slot when one client had all of them, and none more than its share', () => {
    let floor = floorOf('a5 a6 b1 b2 c1', 'a1 a2 a3 a4');
    for (let i = 0; i < 20; i++) {
      const turns = floor.turns.map((turn) => ({ ...turn, leaving: turn.leaving || shouldLeave(floor, turn, 0) }));
      const gone = turns.find(({ leaving }) => leaving);
      floor = { ...floor, turns: turns.filter((it) => it !== gone) };
      const next = gone && nextJob(floor);
      if (next) floor = { ...floor, turns: [...floor.turns, turnOf(next.job)] };
    }
    expect(floor.turns.map(({ client }) => client).sort()).toEqual(['a', 'a', 'b', 'c']);
  });
});
