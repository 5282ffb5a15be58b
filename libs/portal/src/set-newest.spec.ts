import { setNewest } from './set-newest';

describe('a bounded map', () => {
  it('drops the entry that was set longest ago', () => {
    const map = new Map<string, number>();
    for (const [value, key] of ['a', 'b', 'a', 'c'].entries()) setNewest(map, key, value, 2);
    expect([...map]).toEqual([
      ['a', 2],
      ['c', 3],
    ]);
  });
});
