import fc from 'fast-check';
import { FairQueue } from './fair-queue';

const drained = (queue: FairQueue<string>) => {
  const items: string[] = [];
  for (let item = queue.next(); item !== undefined; item = queue.next()) items.push(item);
  return items;
};

describe('a fair queue', () => {
  it('is served in turn between its sources, oldest first', () => {
    const queue = new FairQueue<string>(10);
    for (const item of ['a1', 'a2', 'a3', 'b1', 'c1', 'b2']) queue.add(item.slice(0, 1), item);
    expect(drained(queue)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
    expect(queue.size).toBe(0);
  });

  it('drops the newest of whoever has most, when it is full', () => {
    const queue = new FairQueue<string>(3);
    for (const item of ['a1', 'a2', 'a3']) expect(queue.add('a', item)).toBeUndefined();
    expect(queue.add('a', 'a4')).toBe('a4');
    expect(queue.add('b', 'b1')).toBe('a3');
    expect(queue.add('c', 'c1')).toBe('a2');
    expect(drained(queue)).toEqual(['a1', 'b1', 'c1']);
  });

  it('never holds more than it may, and never drops one of a source that has its fair share or less', () => {
    const source = fc.constantFrom('a', 'b', 'c', 'd');
    fc.assert(
      fc.property(fc.array(fc.option(source), { maxLength: 80 }), (steps) => {
        const queue = new FairQueue<string>(8);
        const held = new Map<string, number>();
        const count = (name: string, by: number) => held.set(name, (held.get(name) ?? 0) + by);
        for (const step of steps) {
          if (step === null) {
            const item = queue.next();
            if (item) count(item, -1);
            continue;
          }
          count(step, 1);
          const dropped = queue.add(step, step);
          if (!dropped) continue;
          expect(held.get(dropped)).toBe(Math.max(...held.values()));
          count(dropped, -1);
        }
        const left = [...held.values()].reduce((a, b) => a + b, 0);
        expect(queue.size).toBe(left);
        expect(left).toBeLessThanOrEqual(8);
      }),
    );
  });
});
