import { asTheyCome } from './as-they-come';

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('many items at once', () => {
  it('give their outcomes as they come, and one that hangs holds up no other', async () => {
    let letGo = () => undefined as void;
    const hanging = new Promise<void>((resolve) => (letGo = resolve));
    const work = async (n: number) => {
      if (n === 0) await hanging;
      return n;
    };
    const seen: number[] = [];
    for await (const n of asTheyCome([0, 1, 2, 3, 4, 5], 2, work)) {
      seen.push(n);
      if (seen.length === 5) letGo();
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 0]);
  });

  it('are never more than so many under way', async () => {
    let [underWay, most] = [0, 0];
    const work = async (n: number) => {
      most = Math.max(most, ++underWay);
      await turn();
      underWay--;
      return n;
    };
    const numbers = Array.from({ length: 50 }, (_, i) => i);
    const seen: number[] = [];
    for await (const n of asTheyCome(numbers, 7, work)) seen.push(n);
    expect([seen.length, most]).toEqual([50, 7]);
  });

  it('wait while nobody takes what is there, and are left alone when the taker goes', async () => {
    let begun = 0;
    const work = () => Promise.resolve(++begun);
    const all = asTheyCome(Array.from({ length: 50 }), 3, work);
    await all.next();
    for (let i = 0; i < 20; i++) await turn();
    expect(begun).toBe(3);
    await all.return();
    for (let i = 0; i < 20; i++) await turn();
    expect(begun).toBe(3);
  });
});
