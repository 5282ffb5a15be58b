import { BodyMemory } from './body-memory';

describe('the memory for large bodies', () => {
  const never = new AbortController().signal;
  const settled = async (work: Promise<unknown>) => {
    let isSettled = false;
    void work.then(
      () => (isSettled = true),
      () => (isSettled = true),
    );
    await new Promise(setImmediate);
    return isSettled;
  };

  it('is given in order, and a client with its share delays only itself', async () => {
    const memory = new BodyMemory({ inAll: 200, perClient: 100 });
    const first = await memory.acquire('a', 80, never);
    const second = memory.acquire('a', 30, never);
    expect(await settled(second)).toBe(false);
    const other = await memory.acquire('b', 100, never);
    const third = memory.acquire('c', 50, never);
    expect(await settled(third)).toBe(false);
    other();
    expect([await settled(third), await settled(second)]).toEqual([true, false]);
    expect(await settled(memory.acquire('d', 20, never))).toBe(true);
    first();
    first();
    expect(await settled(second)).toBe(true);
  });

  it('is left to others by a caller that gives up', async () => {
    const memory = new BodyMemory({ inAll: 100, perClient: 100 });
    const release = await memory.acquire('a', 100, never);
    const controller = new AbortController();
    const waiting = memory.acquire('b', 60, controller.signal);
    const next = memory.acquire('c', 60, never);
    controller.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    release();
    expect(await settled(next)).toBe(true);
    await expect(memory.acquire('d', 1, controller.signal)).rejects.toThrow('gone');
  });
});
