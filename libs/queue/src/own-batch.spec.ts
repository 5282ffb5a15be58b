import type { Command } from '@b24/portal';
import { portal, read, result, queueWorld } from '../../../test/support/queue-world';

const batch = (...methods: string[]): Command => ({
  method: 'batch',
  params: { cmd: '$' },
  effect: 'write',
  inside: methods.map((method, i) => ({ name: `c${i}`, method })),
  from: 'a',
});

describe('a batch that is a caller’s own', () => {
  it('is sent alone', async () => {
    const { limiter, methods, send, call } = queueWorld();
    for (const n of [1, 2]) void call(n);
    void send(batch('m3', 'm4'));
    void call(5);
    await limiter.allow(2);
    expect(methods()).toEqual([['m1', 'm2', 'm5'], ['batch']]);
  });

  it('records what its commands have used, and is held when a method inside has spent its operating time', async () => {
    const { clock, limiter, sent, methods, queues, send, call } = queueWorld();
    const operating = { usedSeconds: 410, resetAtMs: clock.now() + 120_000 };
    void send(batch('m1', 'M2'));
    await limiter.allow();
    await sent[0]?.answer([result({}, { inside: [result(1), result(2, { operating })] })]);
    expect(await call(2)).toBe('operating_time_spent');
    await expect(queues.send(portal, [batch('m1', 'm2')], new AbortController().signal)).rejects.toMatchObject({
      code: 'operating_time_spent',
      retryAfterMs: 120_000,
    });
    void call(1);
    await limiter.allow();
    expect(methods().at(-1)).toEqual(['m1']);
  });

  it('goes one by one with any call of a method near its limit', async () => {
    const { clock, limiter, sent, methods, send } = queueWorld();
    const operating = { usedSeconds: 350, resetAtMs: clock.now() + 120_000 };
    void send(read(1));
    await limiter.allow();
    await sent[0]?.answer([result(1, { operating })]);
    void send({ ...read(1), params: { a: 1 } });
    void send(batch('M1'));
    await limiter.allow(2);
    expect(methods()).toEqual([['m1'], ['m1']]);
    await sent[1]?.answer([result(1, { operating })]);
    expect(methods().at(-1)).toEqual(['batch']);
  });
});
