import { mapUnordered } from './map-unordered';

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('mapUnordered', () => {
  it('yields results as they come, so that one pending item blocks no other', async () => {
    let release = () => undefined as void;
    const hanging = new Promise<void>((resolve) => (release = resolve));
    const work = async (n: number) => {
      if (n === 0) await hanging;
      return n;
    };
    const seen: number[] = [];
    for await (const n of mapUnordered([0, 1, 2, 3, 4, 5], 2, work)) {
      seen.push(n);
      if (seen.length === 5) release();
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 0]);
  });

  it('works on at most `concurrency` items at once', async () => {
    let [running, most] = [0, 0];
    const work = async (n: number) => {
      most = Math.max(most, ++running);
      await turn();
      running--;
      return n;
    };
    const numbers = Array.from({ length: 50 }, (_, i) => i);
    const seen: number[] = [];
    for await (const n of mapUnordered(numbers, 7, work)) seen.push(n);
    expect([seen.length, most]).toEqual([50, 7]);
  });

  it('starts no more work while nobody consumes the results, nor after the consumer returned', async () => {
    let begun = 0;
    const work = () => Promise.resolve(++begun);
    const all = mapUnordered(Array.from({ length: 50 }), 3, work);
    await all.next();
    for (let i = 0; i < 20; i++) await turn();
    expect(begun).toBe(3);
    await all.return();
    for (let i = 0; i < 20; i++) await turn();
    expect(begun).toBe(3);
  });
});
