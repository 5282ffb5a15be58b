import { type Command, Fault } from '@b24/portal';
import fc from 'fast-check';
import { settle } from '../../../test/support/hand-clock';
import { deadline, nameOf, type SentBatch, queueWorld } from '../../../test/support/queue-world';
import { isSameEntity, mayBeSameEntity } from './batch-builder';

describe('the law of portal queues', () => {
  const caller = fc.record({
    effect: fc.constantFrom('read' as const, 'write' as const),
    ids: fc.constantFrom<Record<string, number>>({ thing: 1 }, { thing: 2 }, { group: 1 }, { group: 2 }, {}),
    family: fc.constantFrom('thing', 'else'),
    hostile: fc.boolean(),
    from: fc.constantFrom('a', 'b', 'c'),
    abortsAfter: fc.option(fc.integer({ min: 0, max: 40 }), { nil: undefined }),
  });
  const step = fc.constantFrom('call', 'call', 'drip', 'answer', 'refuse', 'cut' as const);

  interface Called {
    readonly command: Command;
    readonly abortsAfter: number | undefined;
    readonly controller: AbortController;
    outcome?: unknown;
  }

  it('answers each call with its own result, in safe batches, in order, wasting no permit and stranding nobody', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(caller, { maxLength: 90 }),
        fc.array(step, { maxLength: 60 }),
        async (callers, steps) => {
          const { clock, limiter, sent, send } = queueWorld();
          const waiting = callers.map(({ effect, ids, family, hostile, from, abortsAfter }, n) => {
            const params = { n, ...(hostile && { text: '$result' }) };
            const command: Command = { method: 'm', params, effect, entity: { family, ids }, from };
            return { command, abortsAfter, controller: new AbortController() };
          });
          const called: Called[] = [];
          const underWay: { command: Command; n: number }[] = [];
          const left = new Map<number, number>();
          const everLeft = new Set<number>();
          let seen = 0;
          let now = 0;
          const numberOf = ({ params }: Command) => Number(params['n']);
          const look = () => {
            for (const batch of sent.slice(seen)) checkRequest(batch);
            seen = sent.length;
          };
          const checkRequest = ({ commands }: SentBatch) => {
            expect(commands.length).toBeLessThanOrEqual(50);
            for (const [i, it] of commands.entries()) {
              const hostile = JSON.stringify(it.params).includes('$');
              if (hostile) expect(commands).toHaveLength(1);
              const unsafe = (another: Command) =>
                (it.effect === 'write' || another.effect === 'write') && mayBeSameEntity(it, another);
              expect(commands.slice(i + 1).filter(unsafe)).toEqual([]);
              const early = (another: Command) =>
                (it.effect === 'write' || another.effect === 'write') && isSameEntity(it, another);
              // Nothing on the same entity is in flight, unless another client abandoned it, and no earlier call of its own
              // client still waits.
              const holds = ({ command, n }: { command: Command; n: number }) =>
                command.from === it.from || !called[n]?.controller.signal.aborted;
              expect(underWay.filter((one) => early(one.command) && holds(one))).toEqual([]);
              const before = called.filter(
                ({ command, outcome }) =>
                  command.from === it.from &&
                  numberOf(command) < numberOf(it) &&
                  outcome === undefined &&
                  !left.has(numberOf(command)),
              );
              expect(before.filter(({ command }) => early(command)).map(({ command }) => command)).toEqual([]);
            }
            for (const command of commands) {
              underWay.push({ command, n: numberOf(command) });
              everLeft.add(numberOf(command));
              left.set(numberOf(command), (left.get(numberOf(command)) ?? 0) + 1);
            }
          };
          const back = (how: 'answer' | 'refuse' | 'cut') => {
            const batch = sent.find((it) => !it.isDone);
            if (!batch) return settle();
            for (const command of batch.commands) {
              underWay.splice(
                underWay.findIndex((it) => it.n === numberOf(command)),
                1,
              );
              if (how === 'refuse') left.delete(numberOf(command));
            }
            if (how === 'answer') return batch.answer();
            return batch.fail(
              how === 'cut'
                ? new Fault('outcome_unknown', { upstream: { method: '', status: 0, error: '', description: '' } })
                : new Fault('portal_overloaded', { retryReason: 'bucket_full' }),
            );
          };
          let cuts = 0;
          for (const action of steps) {
            now++;
            for (const it of called) if (it.abortsAfter === now) it.controller.abort(deadline());
            if (action === 'call') {
              for (const it of waiting.splice(0, 12)) {
                called.push(it);
                const mine = called.at(-1)!;
                void send(it.command, it.controller.signal).then((outcome) => (mine.outcome = outcome));
              }
            } else if (action === 'drip') await limiter.allow();
            // Five in a row would open the circuit, which has its own tests.
            else if (action !== 'cut' || ++cuts < 5) await back(action);
            await settle();
            look();
            expect(limiter.acquired - limiter.refunded - seen).toBeLessThanOrEqual(1);
            // A permit is settled when its batch is answered, and only then.
            expect(limiter.settled).toBe(sent.filter((it) => it.isDone).length);
          }
          // In the end every call is sent and answered.
          for (let i = 0; i < 120; i++) {
            await limiter.allow();
            await clock.advance(20_000);
            look();
            await back('answer');
            look();
          }
          for (const { command, outcome, controller } of called) {
            const mine = nameOf(command);
            if (outcome === 'deadline_exceeded') expect(controller.signal.aborted).toBe(true);
            else if (outcome === 'outcome_unknown') expect(everLeft.has(numberOf(command))).toBe(true);
            else expect([outcome, left.get(numberOf(command))]).toEqual([mine, 1]);
          }
        },
      ),
      { numRuns: 100 },
    );
  }, 60_000);
});
