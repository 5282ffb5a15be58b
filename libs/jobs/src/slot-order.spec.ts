import { type SlotState, nextJob, shouldLeave, type JobSlot } from './slot-order';

/** `a1` is job 1 of client a; a running one is `a1`, one that makes room `a1!`. */
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
    ['nobody’s when none waits', floorOf('', 'a1'), undefined],
    ['the oldest', floorOf('a1 a2'), 'a1'],
    ['that of the client with fewer slots, though it came last', floorOf('a3 a4 b1', 'a1 a2'), 'b1'],
    ['that of a client without one before that of one with one', floorOf('b2 c1', 'a1 b1'), 'c1'],
    ['the one served longest ago among equals', floorOf('a1 b1 c1', '', { a: 3, b: 1, c: 2 }), 'b1'],
    ['one that was never served before', floorOf('a1 b1', '', { a: 1 }), 'b1'],
    ['that of a client whose job makes room as if it had no slot', floorOf('a2 b2', 'a1! b1'), 'a2'],
    ['the next of the only client', floorOf('a2 a3', 'a1'), 'a2'],
  ])('%s', (_what, floor, expected) => {
    expect(nextJob(floor)?.job).toBe(expected);
  });

  it('none that was looked at in vain', () => {
    expect(nextJob(floorOf('a1 a2'), new Set(['a1']))?.job).toBe('a2');
  });
});

describe('whether a running job makes room', () => {
  it.each([
    ['not when nobody waits', floorOf('', 'a1 a2'), 'a1', 5000, false],
    ['not for another job of the same client', floorOf('a3', 'a1 a2'), 'a1', 5000, false],
    ['at once for a client without a slot when its own has two', floorOf('b1', 'a1 a2'), 'a1', 0, true],
    ['not when another makes room already', floorOf('b1', 'a1! a2 a3'), 'a2', 5000, false],
    ['when one makes room and two clients wait', floorOf('b1 c1', 'a1! a2 a3'), 'a2', 0, true],
    ['not yet for one with as many', floorOf('b2', 'a1 b1'), 'a1', 5000, false],
    ['not before a second when that only turns the tables', floorOf('b1', 'a1'), 'a1', 999, false],
    ['after a second when there are more clients than slots', floorOf('b1', 'a1'), 'a1', 1000, true],
    ['not a job of the client that has fewer', floorOf('b2', 'a1 a2 b1'), 'b1', 5000, false],
  ])('%s', (_what, floor, job, nowMs, expected) => {
    const turn = floor.turns.find((it) => it.job === job);
    expect(turn && shouldLeave(floor, turn, nowMs)).toBe(expected);
  });

  it('gives every client a slot when one had all, and each no more than its share', () => {
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
