import { type Command, Fault } from '@b24/portal';
import fc from 'fast-check';
import { settle } from '../../../test/support/hand-clock';
import { deadline, nameOf, replicas, type SentBatch } from '../../../test/support/queue-world';
import { mayBeSameEntity } from './batch-builder';

const numberOf = ({ params }: Command) => Number(params['n']);
/** The replica of a request in flight, and the request. */
type InFlightBatch = readonly [number, SentBatch];

describe('the law of cross-replica batching', () => {
  const caller = fc.record({
    replica: fc.nat({ max: 2 }),
    effect: fc.constantFrom('read' as const, 'read' as const, 'write' as const),
    ids: fc.oneof(fc.record({ thing: fc.nat({ max: 20 }) }), fc.record({ group: fc.nat({ max: 20 }) })),
    hostile: fc.nat({ max: 9 }).map((n) => n === 0),
    from: fc.constantFrom('a', 'b', 'c'),
    abortsAfter: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
  });
  const step = fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom('call' as const, 'look' as const, 'refill' as const, 'answer' as const) },
    { weight: 2, arbitrary: fc.constant('refuse' as const) },
    { weight: 1, arbitrary: fc.constantFrom('kill' as const, 'wait' as const) },
  );

  interface PeerCall {
    readonly replica: number;
    readonly command: Command;
    readonly abortsAfter: number | undefined;
    readonly controller: AbortController;
    outcome?: unknown;
  }

  it('sends each call once, answers it with its own result, and strands nobody whose replica lives', async () => {
    let carried = 0;
    let resent = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(caller, { minLength: 10, maxLength: 80 }),
        fc.array(step, { minLength: 20, maxLength: 80 }),
        fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 20 }),
        async (callers, steps, lags) => {
          const { limiter, clock, replicas: all } = replicas(3, lags);
          const waiting = callers.map(({ replica, effect, ids, hostile, from, abortsAfter }, n) => {
            const params = { n, ...(hostile && { text: '$result' }) };
            const command: Command = { method: 'm', params, effect, entity: { family: 'thing', ids }, from };
            return { replica, command, abortsAfter, controller: new AbortController() };
          });
          const called: PeerCall[] = [];
          const dead = new Set<number>();
          /** How often it may have left: once, and once more for each batch that certainly did not carry it out. */
          const mayLeave = new Map<number, number>();
          const left = new Map<number, number>();
          const seen = new Set<SentBatch>();
          const check = (batch: SentBatch, on: number) => {
            seen.add(batch);
            expect(batch.commands.length).toBeLessThanOrEqual(50);
            for (const [i, it] of batch.commands.entries()) {
              const n = numberOf(it);
              if (JSON.stringify(it.params).includes('$')) expect(batch.commands).toHaveLength(1);
              const unsafe = (another: Command) =>
                (it.effect === 'write' || another.effect === 'write') && mayBeSameEntity(it, another);
              expect(batch.commands.slice(i + 1).filter(unsafe)).toEqual([]);
              left.set(n, (left.get(n) ?? 0) + 1);
              expect([n, left.get(n)! <= (mayLeave.get(n) ?? 1)]).toEqual([n, true]);
              if (called.find(({ command }) => numberOf(command) === n)?.replica !== on) carried++;
            }
          };
          const watch = () => {
            for (const [on, { sent }] of all.entries()) {
              for (const batch of sent) if (!seen.has(batch) && !dead.has(on)) check(batch, on);
            }
          };
          const again = (batch: SentBatch, which: (command: Command) => boolean) => {
            for (const it of batch.commands) {
              if (which(it)) mayLeave.set(numberOf(it), (mayLeave.get(numberOf(it)) ?? 1) + 1);
            }
          };
          const underWay = () =>
            [...all.entries()]
              .filter(([on]) => !dead.has(on))
              .flatMap(([on, { sent }]) => sent.filter((it) => !it.isDone).map((it): InFlightBatch => [on, it]));
          const back = (how: 'answer' | 'refuse') => {
            const [[, batch] = []] = underWay();
            if (!batch) return settle();
            if (how === 'answer') return batch.answer();
            again(batch, () => true);
            return batch.fail(new Fault('portal_overloaded', { retryReason: 'bucket_full' }));
          };
          const kill = () => {
            // One replica survives.
            if (dead.size === 2) return;
            const victim = dead.size;
            dead.add(victim);
            all[victim]!.kill();
            for (const batch of all[victim]!.sent.filter((it) => !it.isDone))
              again(batch, ({ effect }) => effect === 'read');
          };
          const call = () => {
            for (const it of waiting.splice(0, 8)) {
              if (dead.has(it.replica)) continue;
              const mine: PeerCall = it;
              called.push(mine);
              const answered = all[it.replica]!.send(it.command, it.controller.signal);
              void answered.then((outcome) => (mine.outcome = outcome));
            }
          };
          const look = async () => {
            for (let i = 0; i < 3; i++) await limiter.poll();
          };
          const actions = {
            call,
            look,
            kill,
            refill: () => limiter.allow(),
            wait: () => clock.advance(7000),
            answer: () => back('answer'),
            refuse: () => back('refuse'),
          };
          for (const [now, action] of steps.entries()) {
            for (const it of called) if (it.abortsAfter === now) it.controller.abort(deadline());
            await actions[action]();
            await settle();
            watch();
          }
          for (let i = 0; i < 100; i++) {
            await limiter.poll();
            await limiter.allow();
            watch();
            await back('answer');
            await clock.advance(4000);
            watch();
          }
          for (const { replica, command, outcome, controller } of called.filter((it) => !dead.has(it.replica))) {
            const n = numberOf(command);
            const timesLeft = left.get(n) ?? 0;
            if (timesLeft > 1) resent++;
            if (outcome === 'deadline_exceeded') {
              const wasCarriedOut = timesLeft >= (mayLeave.get(n) ?? 1);
              expect([n, replica, controller.signal.aborted, wasCarriedOut]).toEqual([n, replica, true, false]);
            } else if (outcome === 'outcome_unknown') expect([n, timesLeft > 0]).toEqual([n, true]);
            else expect([n, outcome]).toEqual([n, nameOf(command)]);
          }
        },
      ),
      { numRuns: 150 },
    );
    // Otherwise the law would prove nothing.
    expect(carried).toBeGreaterThan(100);
    expect(resent).toBeGreaterThan(10);
  }, 60_000);
});
