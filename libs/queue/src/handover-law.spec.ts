import { type Command, Fault } from '@b24/portal';
import fc from 'fast-check';
import { settle } from '../../../test/support/hand-clock';
import { deadline, nameOf, replicas, type Sent } from '../../../test/support/lane-world';
import { mayBeSame } from './company';

const numberOf = ({ params }: Command) => Number(params['n']);
/** Of the trip that is back next: its replica and itself. */
type UnderWay = readonly [number, Sent];

describe('the law of handing over', () => {
  const caller = fc.record({
    replica: fc.nat({ max: 2 }),
    effect: fc.constantFrom('read' as const, 'read' as const, 'write' as const),
    ids: fc.oneof(fc.record({ thing: fc.nat({ max: 20 }) }), fc.record({ group: fc.nat({ max: 20 }) })),
    hostile: fc.nat({ max: 9 }).map((n) => n === 0),
    from: fc.constantFrom('a', 'b', 'c'),
    leavesAfter: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
  });
  const step = fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom('call' as const, 'look' as const, 'drip' as const, 'answer' as const) },
    { weight: 2, arbitrary: fc.constant('refuse' as const) },
    { weight: 1, arbitrary: fc.constantFrom('kill' as const, 'wait' as const) },
  );

  interface Called {
    readonly replica: number;
    readonly command: Command;
    readonly leavesAfter: number | undefined;
    readonly controller: AbortController;
    outcome?: unknown;
  }

  it('lets each call leave once, answers it with its own, and strands nobody whose replica lives', async () => {
    let carried = 0;
    let resent = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(caller, { minLength: 10, maxLength: 80 }),
        fc.array(step, { minLength: 20, maxLength: 80 }),
        fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 20 }),
        async (callers, steps, lags) => {
          const { bucket, clock, replicas: all } = replicas(3, lags);
          const waiting = callers.map(({ replica, effect, ids, hostile, from, leavesAfter }, n) => {
            const params = { n, ...(hostile && { text: '$result' }) };
            const command: Command = { method: 'm', params, effect, entity: { family: 'thing', ids }, from };
            return { replica, command, leavesAfter, controller: new AbortController() };
          });
          const called: Called[] = [];
          const dead = new Set<number>();
          /** How often it may have left: once, and once more for each trip that certainly did not carry it out. */
          const mayLeave = new Map<number, number>();
          const left = new Map<number, number>();
          const seen = new Set<Sent>();
          const check = (trip: Sent, on: number) => {
            seen.add(trip);
            expect(trip.commands.length).toBeLessThanOrEqual(50);
            for (const [i, it] of trip.commands.entries()) {
              const n = numberOf(it);
              if (JSON.stringify(it.params).includes('$')) expect(trip.commands).toHaveLength(1);
              const unsafe = (another: Command) =>
                (it.effect === 'write' || another.effect === 'write') && mayBeSame(it, another);
              expect(trip.commands.slice(i + 1).filter(unsafe)).toEqual([]);
              left.set(n, (left.get(n) ?? 0) + 1);
              expect([n, left.get(n)! <= (mayLeave.get(n) ?? 1)]).toEqual([n, true]);
              if (called.find(({ command }) => numberOf(command) === n)?.replica !== on) carried++;
            }
          };
          const watch = () => {
            for (const [on, { sent }] of all.entries()) {
              for (const trip of sent) if (!seen.has(trip) && !dead.has(on)) check(trip, on);
            }
          };
          const again = (trip: Sent, which: (command: Command) => boolean) => {
            for (const it of trip.commands) {
              if (which(it)) mayLeave.set(numberOf(it), (mayLeave.get(numberOf(it)) ?? 1) + 1);
            }
          };
          const underWay = () =>
            [...all.entries()]
              .filter(([on]) => !dead.has(on))
              .flatMap(([on, { sent }]) => sent.filter((it) => !it.back).map((it): UnderWay => [on, it]));
          const back = (how: 'answer' | 'refuse') => {
            const [[, trip] = []] = underWay();
            if (!trip) return settle();
            if (how === 'answer') return trip.answer();
            again(trip, () => true);
            return trip.fail(new Fault('portal_overloaded', { again: 'bucket_full' }));
          };
          const kill = () => {
            // One lives on.
            if (dead.size === 2) return;
            const victim = dead.size;
            dead.add(victim);
            all[victim]!.kill();
            for (const trip of all[victim]!.sent.filter((it) => !it.back))
              again(trip, ({ effect }) => effect === 'read');
          };
          const call = () => {
            for (const it of waiting.splice(0, 8)) {
              if (dead.has(it.replica)) continue;
              const mine: Called = it;
              called.push(mine);
              const told = all[it.replica]!.send(it.command, it.controller.signal);
              void told.then((outcome) => (mine.outcome = outcome));
            }
          };
          const look = async () => {
            for (let i = 0; i < 3; i++) await bucket.looks();
          };
          const actions = {
            call,
            look,
            kill,
            drip: () => bucket.drip(),
            wait: () => clock.advance(7000),
            answer: () => back('answer'),
            refuse: () => back('refuse'),
          };
          for (const [now, action] of steps.entries()) {
            for (const it of called) if (it.leavesAfter === now) it.controller.abort(deadline());
            await actions[action]();
            await settle();
            watch();
          }
          for (let i = 0; i < 100; i++) {
            await bucket.looks();
            await bucket.drip();
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
    // The law says nothing of what never happens.
    expect(carried).toBeGreaterThan(100);
    expect(resent).toBeGreaterThan(10);
  }, 60_000);
});
