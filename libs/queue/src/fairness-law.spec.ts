import type { Command } from '@b24/portal';
import fc from 'fast-check';
import { settle } from '../../../test/support/hand-clock';
import { portal, read, queueWorld } from '../../../test/support/queue-world';

interface FairCall {
  readonly n: number;
  readonly from: string;
  state: 'waiting' | 'sent' | 'refused' | 'answered';
}

describe('the law of turns and slots', () => {
  const limit = 5;
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ from: fc.constantFrom('a', 'a', 'a', 'b', 'c'), alone: fc.boolean() }) },
    { weight: 1, arbitrary: fc.constant('drip' as const) },
    { weight: 1, arbitrary: fc.constant('answer' as const) },
  );

  it('passes no client over more than once per other client, admits clients that hold less, evicts nothing sent', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 80, size: 'max' }), async (steps) => {
        const { limiter, sent, queues, send } = queueWorld({ queueLimit: limit });
        const calls: FairCall[] = [];
        const passedOver = new Map<string, number>();
        let seen = 0;
        const waiting = () => calls.filter(({ state }) => state === 'waiting');
        const held = (from: string) => waiting().filter((it) => it.from === from).length;
        const counts = () => queues.countsOf(portal) ?? { waiting: 0, inFlight: 0 };
        const look = () => {
          for (const { commands } of sent.slice(seen)) {
            const keysWaiting = new Set(waiting().map(({ from }) => from));
            for (const { params } of commands) {
              const call = calls.find(({ n }) => n === params['n']);
              expect(call?.state).toBe('waiting');
              call!.state = 'sent';
            }
            const carried = new Set(commands.map(({ from }) => from));
            for (const key of keysWaiting) {
              passedOver.set(key, carried.has(key) ? 0 : (passedOver.get(key) ?? 0) + 1);
              // Two others.
              expect(passedOver.get(key)).toBeLessThan(3);
            }
          }
          seen = sent.length;
          for (const key of passedOver.keys()) if (held(key) === 0) passedOver.delete(key);
          expect(counts().waiting).toBe(waiting().length);
          expect(waiting().length).toBeLessThanOrEqual(limit);
          expect(counts().inFlight).toBe(sent.filter(({ isDone }) => !isDone).length);
        };
        for (const action of steps) {
          if (action === 'drip') await limiter.allow();
          else if (action === 'answer') await sent.find(({ isDone }) => !isDone)?.answer();
          else {
            const { from, alone } = action;
            const most = Math.max(...['a', 'b', 'c'].map(held));
            const mayEnter = waiting().length < limit || held(from) < most;
            const largest = ['a', 'b', 'c'].filter((key) => held(key) === most);
            const newest = largest.map(
              (key) =>
                waiting()
                  .filter((it) => it.from === key)
                  .at(-1)?.n,
            );
            const isFull = waiting().length === limit;
            const n = calls.length;
            const command: Command = { ...read(n, from), params: { n, ...(alone && { text: '$' }) } };
            const call: FairCall = { n, from, state: 'waiting' };
            const before = waiting();
            calls.push(call);
            void send(command).then((outcome) => {
              if (outcome === 'queue_full') expect(call.state).toBe('waiting');
              call.state = outcome === 'queue_full' ? 'refused' : 'answered';
            });
            await settle();
            expect(call.state === 'refused').toBe(!mayEnter);
            const lost = before.filter(({ state }) => state === 'refused').map((it) => it.n);
            expect(lost).toHaveLength(isFull && mayEnter ? 1 : 0);
            if (lost.length > 0) expect(newest).toContain(lost[0]);
          }
          look();
        }
        await limiter.allow(limit + 1);
        look();
        for (const request of sent) await request.answer();
        expect(counts()).toMatchObject({ waiting: 0, inFlight: 0 });
        expect(calls.filter(({ state }) => state !== 'answered' && state !== 'refused')).toEqual([]);
      }),
      { numRuns: 100 },
    );
  }, 60_000);
});
