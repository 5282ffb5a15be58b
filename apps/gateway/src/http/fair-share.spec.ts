import { FairShare } from './fair-share';

/** Takes slots in this order (`a×3` is three times), and returns how many each name got. */
function entered(share: FairShare, ...asked: readonly (readonly [name: string, times: number])[]) {
  return asked.map(([name, times]) => {
    const places = Array.from({ length: times }, () => share.enter(name));
    return places.filter((place) => place !== undefined).length;
  });
}

describe('a fair share of slots', () => {
  it.each([
    ['one name that asks for all', 100, 1000, [['a', 200]], [50]],
    ['one name above its own limit', 100, 10, [['a', 200]], [10]],
    [
      'a second name after a greedy one',
      100,
      1000,
      [
        ['a', 200],
        ['b', 200],
      ],
      [50, 25],
    ],
    [
      'a name that holds nothing, after three greedy ones',
      100,
      1000,
      [
        ['a', 200],
        ['b', 200],
        ['c', 200],
        ['d', 1],
      ],
      [50, 25, 13, 1],
    ],
    [
      'the name that holds most, when slots are scarce',
      100,
      1000,
      [
        ['a', 40],
        ['b', 25],
        ['a', 1],
        ['b', 1],
      ],
      [40, 25, 0, 1],
    ],
    [
      'names with one slot each, up to the last slot',
      3,
      1000,
      [
        ['a', 1],
        ['b', 1],
        ['c', 1],
        ['d', 1],
      ],
      [1, 1, 1, 0],
    ],
  ] as const)('lets in, of %s, what is left to each', (_what, places, perName, asked, let_in) => {
    expect(entered(new FairShare({ maxSlots: places, maxSlotsPerName: perName }), ...asked)).toEqual(let_in);
  });

  it('is released once, even if release is called again', () => {
    const share = new FairShare({ maxSlots: 4, maxSlotsPerName: 2 });
    const [first, second] = [share.enter('a'), share.enter('a')];
    expect(share.enter('a')).toBeUndefined();
    first?.();
    first?.();
    expect(share.enter('a')).toBeDefined();
    expect(share.enter('a')).toBeUndefined();
    second?.();
    expect(share.enter('a')).toBeDefined();
  });

  it('grows for a name when others release theirs', () => {
    const share = new FairShare({ maxSlots: 100, maxSlotsPerName: 1000 });
    const others = Array.from({ length: 40 }, () => share.enter('b'));
    expect(entered(share, ['a', 200])).toEqual([30]);
    for (const leave of others) leave?.();
    expect(entered(share, ['a', 200])).toEqual([20]);
  });
});
