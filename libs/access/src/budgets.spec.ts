import { HandClock } from '../../../test/support/hand-clock';
import { Budgets } from './budgets';

const taken = (budgets: Budgets, name: string, times: number) =>
  Array.from({ length: times }, () => budgets.take(name)).filter((waitMs) => waitMs === 0).length;

describe('budgets', () => {
  it('give each name so many at once and so many more a second, and say truly when the next is there', async () => {
    const clock = new HandClock();
    const budgets = new Budgets({ capacity: 3, perSecond: 2, most: 10 }, clock);
    expect([taken(budgets, 'a', 5), taken(budgets, 'b', 2)]).toEqual([3, 2]);
    const waitMs = budgets.take('a');
    await clock.advance(waitMs - 1);
    expect(budgets.take('a')).toBe(1);
    await clock.advance(1);
    expect(budgets.take('a')).toBe(0);
    await clock.advance(3_600_000);
    expect(taken(budgets, 'a', 5)).toBe(3);
  });

  it('are not used up by what is given back, and never hold more than they may', () => {
    const budgets = new Budgets({ capacity: 2, perSecond: 1, most: 10 }, new HandClock());
    for (let i = 0; i < 20; i++) {
      expect(budgets.take('a')).toBe(0);
      budgets.giveBack('a');
    }
    for (let i = 0; i < 5; i++) budgets.giveBack('a');
    expect(taken(budgets, 'a', 9)).toBe(2);
  });

  it('keep so many names in mind and no more, and forget the one not heard of for longest', () => {
    const budgets = new Budgets({ capacity: 1, perSecond: 0.001, most: 3 }, new HandClock());
    for (const name of ['a', 'b', 'c', 'a', 'd']) budgets.take(name);
    expect(budgets.size).toBe(3);
    expect(budgets.take('a')).toBeGreaterThan(0);
    expect(budgets.take('b')).toBe(0);
    for (let i = 0; i < 1000; i++) budgets.take(`name ${i}`);
    expect(budgets.size).toBe(3);
  });
});
