import { type Answer, type Command, Fault, type PortalId, portalId, type Result } from '@b24/portal';
import fc from 'fast-check';
import { HandClock, settle } from '../../../test/support/hand-clock';
import type { Bucket, Plan } from './bucket';
import { areSame, mayBeSame } from './company';
import type { LaneObserver } from './lane';
import { Lanes } from './lanes';

const portal = portalId('a'.repeat(32));
const other = portalId('b'.repeat(32));
const plan: Plan = { burst: 50, drainPerSecond: 2 };
const read = (n: number, from = 'a'): Command => ({
  method: `m${n}`,
  params: {},
  effect: 'read',
  entity: { family: 'thing', ids: { thing: n } },
  from,
});
const write = (n: number, from = 'a'): Command => ({ ...read(n, from), params: { to: from }, effect: 'write' });
const result = (value: unknown, extra: Partial<Result> = {}): Result => ({
  ok: true,
  value,
  spent: { queueMs: 0, upstreamMs: 0 },
  ...extra,
});
const nameOf = ({ method, params }: Command) => `${method} ${JSON.stringify(params)}`;

/** A bucket that lets out as many as the test has put in. */
class HandBucket implements Bucket {
  drops = 0;
  taken = 0;
  givenBack = 0;
  readonly stoodBackMs: number[] = [];
  private readonly waiting: (() => void)[] = [];
  private readonly theLevel = { left: 7, capacity: 46, drainPerSecond: 2 };

  drip(count = 1): Promise<void> {
    this.drops += count;
    while (this.drops > 0 && this.waiting.length > 0) {
      this.drops--;
      this.waiting.shift()?.();
    }
    return settle();
  }

  async take() {
    this.taken++;
    if (this.drops > 0) this.drops--;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    return this.theLevel;
  }

  giveBack(): Promise<void> {
    this.givenBack++;
    return this.drip();
  }

  standBack(_portal: PortalId, _plan: Plan, forMs: number): Promise<void> {
    this.stoodBackMs.push(forMs);
    return Promise.resolve();
  }

  level = () => Promise.resolve(this.theLevel);
  open = () => Promise.resolve();
  leave = () => undefined;
  close = () => undefined;
}

interface Sent {
  readonly portal: PortalId;
  readonly commands: readonly Command[];
  readonly signal: AbortSignal;
  back: boolean;
  answer(answers?: readonly Answer[]): Promise<void>;
  fail(fault: Fault): Promise<void>;
}

function world(options: { queueLimit?: number; prepare?: () => Promise<Plan> } = {}) {
  const clock = new HandClock();
  const bucket = new HandBucket();
  const sent: Sent[] = [];
  const changes: string[] = [];
  const observer: LaneObserver = {
    departed: () => undefined,
    stoodBack: () => undefined,
    circuit: (_portal, change) => changes.push(change),
  };
  const lanes = new Lanes({
    bucket,
    clock,
    prepare: options.prepare ?? (() => Promise.resolve(plan)),
    luggageOf: ({ params }) => (JSON.stringify(params).includes('$') ? undefined : 100),
    queueLimit: options.queueLimit ?? 10_000,
    callTimeoutMs: 30_000,
    observer,
    next: (to, commands, signal) =>
      new Promise<readonly Answer[]>((resolve, reject) => {
        signal.throwIfAborted();
        const trip: Sent = {
          portal: to,
          commands,
          signal,
          back: false,
          answer: (answers = commands.map((it) => result(nameOf(it)))) => {
            trip.back = true;
            resolve(answers);
            return settle();
          },
          fail: (fault) => {
            trip.back = true;
            reject(fault);
            return settle();
          },
        };
        sent.push(trip);
      }),
  });
  const send = (command: Command, signal = new AbortController().signal, to = portal) =>
    lanes.send(to, [command], signal).then(
      ([answer]) => (answer?.ok ? answer.value : answer?.fault.code),
      (fault: unknown) => (fault as Fault).code,
    );
  const call = (n: number, signal?: AbortSignal, to?: PortalId) => send(read(n), signal, to);
  const methods = () => sent.map(({ commands }) => commands.map(({ method }) => method));
  return { clock, bucket, sent, changes, lanes, send, call, methods };
}

const deadline = () => new Fault('deadline_exceeded');

describe('a lane', () => {
  it('sends a call that is alone at once and alone', async () => {
    const { bucket, methods, call } = world();
    bucket.drops = 1;
    void call(1);
    await settle();
    expect(methods()).toEqual([['m1']]);
  });

  it('lets whoever waits when the bucket lets a departure out travel with it', async () => {
    const { bucket, methods, call } = world();
    void [1, 2, 3].map((n) => call(n));
    await bucket.drip();
    expect(methods()).toEqual([['m1', 'm2', 'm3']]);
  });

  it('gives each caller of a trip its own answer, and tells how it travelled', async () => {
    const { bucket, sent, lanes } = world();
    const signal = new AbortController().signal;
    const asked = [1, 2].map((n) => lanes.send(portal, [read(n)], signal));
    await bucket.drip();
    await sent[0]?.answer();
    const [[first], [second]] = (await Promise.all(asked)) as [[Result], [Result]];
    expect([first.value, second.value]).toEqual(['m1 {}', 'm2 {}']);
    expect(second.trip).toEqual({ seats: 2, left: 7, capacity: 46, drainPerSecond: 2 });
  });

  it('fills fifty seats and no more', async () => {
    const { bucket, methods, call } = world();
    for (let n = 0; n < 120; n++) void call(n);
    await bucket.drip(3);
    expect(methods().map(({ length }) => length)).toEqual([50, 50, 20]);
  });

  it('seats the client keys in turn, so that a thousand calls of one delay another by one trip at most', async () => {
    const { bucket, sent, send } = world();
    for (let n = 0; n < 1000; n++) void send(read(n, 'greedy'));
    await bucket.drip();
    const single = send(read(5000, 'modest'));
    const others = send(read(5001, 'third'));
    await bucket.drip();
    await sent[1]?.answer();
    expect(await Promise.all([single, others])).toEqual(['m5000 {}', 'm5001 {}']);
    expect(sent[1]?.commands).toHaveLength(50);
  });

  it('begins each trip with the key whose turn it is when there are more keys than seats', async () => {
    const { bucket, sent, send } = world();
    for (let n = 0; n < 120; n++) void send(read(n, `key ${n % 60}`));
    await bucket.drip(3);
    const trips = sent.map(({ commands }) => new Set(commands.map(({ from }) => from)));
    expect(new Set([...(trips[0] ?? []), ...(trips[1] ?? [])]).size).toBe(60);
  });

  it('lets what may not share a batch travel alone, and holds nobody else for it', async () => {
    const { bucket, sent, send } = world();
    const hostile: Command = { ...read(1, 'evil'), params: { name: '$result[c0][secret]' } };
    void send(read(2));
    void send(hostile);
    void send(read(3));
    await bucket.drip(2);
    const trips = sent.map(({ commands }) => commands);
    expect(trips.find((commands) => commands.includes(commands.find(({ from }) => from === 'evil')!))).toHaveLength(1);
    expect(trips.flat()).toHaveLength(3);
  });

  it('never seats two that may concern one entity when one of them writes', async () => {
    const { bucket, sent, send } = world();
    const byGroup = (n: number): Command => ({ ...read(n), entity: { family: 'thing', ids: { group: 1 } } });
    void send(write(1));
    void send(byGroup(2));
    void send(write(3));
    await bucket.drip(2);
    expect(sent.map(({ commands }) => commands.map(({ effect }) => effect))).toEqual([['write', 'write'], ['read']]);
  });

  it('keeps the order on one entity, also while the first is under way', async () => {
    const { bucket, sent, methods, send } = world();
    void send(write(1, 'a'));
    void send({ ...read(1, 'b'), method: 'read1' });
    void send(read(2, 'c'));
    await bucket.drip(3);
    expect(methods()).toEqual([['m1', 'm2']]);
    await sent[0]?.answer();
    expect(methods()[1]).toEqual(['read1']);
  });

  it('lets identical reads that wait share one command, never a write', async () => {
    const { bucket, sent, send } = world();
    const reads = [send(read(1, 'a')), send(read(1, 'b')), send(read(1, 'c'))];
    const writes = [send(write(7, 'a')), send(write(8, 'a'))];
    await bucket.drip(2);
    expect(sent[0]?.commands.map(nameOf)).toEqual(['m1 {}', 'm7 {"to":"a"}', 'm8 {"to":"a"}']);
    await sent[0]?.answer();
    expect(await Promise.all(reads)).toEqual(['m1 {}', 'm1 {}', 'm1 {}']);
    expect(await Promise.all(writes)).toHaveLength(2);
  });

  it('does not answer a read from a flight that left before it, nor from before a write', async () => {
    const { bucket, sent, send } = world();
    void send(read(1));
    await bucket.drip();
    void send(read(1, 'b'));
    void send({ ...write(9), entity: { family: 'thing', ids: { thing: 1 } } });
    void send(read(1, 'c'));
    for (let i = 0; i < 4; i++) {
      await bucket.drip();
      await sent.find(({ back }) => !back)?.answer();
    }
    expect(sent.flatMap(({ commands }) => commands.map(({ effect }) => effect))).toEqual([
      'read',
      'read',
      'write',
      'read',
    ]);
  });

  it('lets one of those who share a read leave without the others', async () => {
    const { bucket, sent, send } = world();
    const leaver = new AbortController();
    const [left, stays] = [send(read(1, 'a'), leaver.signal), send(read(1, 'b'))];
    leaver.abort(deadline());
    expect(await left).toBe('deadline_exceeded');
    await bucket.drip();
    await sent[0]?.answer();
    expect(await stays).toBe('m1 {}');
  });

  it('asks the bucket once at a time, so that no drop is taken for nobody', async () => {
    const { bucket, call } = world();
    void [1, 2, 3].map((n) => call(n));
    await settle();
    expect(bucket.taken).toBe(1);
  });

  it('refuses a call beyond its limit, and says when to come back', async () => {
    const { lanes, call } = world({ queueLimit: 2 });
    void [1, 2].map((n) => call(n));
    await settle();
    const refusal = lanes.send(portal, [read(3)], new AbortController().signal);
    await expect(refusal).rejects.toMatchObject({ code: 'lane_full', retryAfterMs: 1000 });
  });

  it('tells a call whose deadline passes while it waits that it was never sent, and never sends it', async () => {
    const { bucket, sent, call } = world();
    const caller = new AbortController();
    const outcome = call(1, caller.signal);
    await settle();
    caller.abort(deadline());
    expect(await outcome).toBe('deadline_exceeded');
    await bucket.drip();
    expect(sent).toEqual([]);
    expect(bucket.givenBack).toBe(1);
  });

  it('tells a call whose deadline passes after it left that its outcome is unknown, and the others theirs', async () => {
    const { bucket, sent, call } = world();
    const caller = new AbortController();
    const [outcome, stays] = [call(1, caller.signal), call(2)];
    await bucket.drip();
    caller.abort(deadline());
    expect(await outcome).toBe('outcome_unknown');
    expect(sent[0]?.signal.aborted).toBe(false);
    await sent[0]?.answer();
    expect(await stays).toBe('m2 {}');
  });

  it('calls a trip off when the last who waits for it leaves', async () => {
    const { bucket, sent, call } = world();
    const callers = [new AbortController(), new AbortController()];
    void callers.map(({ signal }, n) => call(n, signal));
    await bucket.drip();
    for (const caller of callers) caller.abort(deadline());
    expect(sent[0]?.signal.aborted).toBe(true);
  });

  it('does not take a drop before the grant is fresh, since a taken drop must leave at once', async () => {
    let fresh: (plan: Plan) => void = () => undefined;
    const { bucket, call } = world({ prepare: () => new Promise((resolve) => (fresh = resolve)) });
    void call(1);
    await settle();
    expect(bucket.taken).toBe(0);
    fresh(plan);
    await settle();
    expect(bucket.taken).toBe(1);
  });

  it('tells everyone who waits when the grant is dead, and lets later calls try again', async () => {
    let dead = true;
    const prepare = () => (dead ? Promise.reject(new Fault('reauthorization_required')) : Promise.resolve(plan));
    const { bucket, methods, call } = world({ prepare });
    expect(await Promise.all([call(1), call(2)])).toEqual(['reauthorization_required', 'reauthorization_required']);
    dead = false;
    void call(3);
    await bucket.drip();
    expect(methods()).toEqual([['m3']]);
  });

  it('stands back when the portal says that its bucket is full, longer each time, and nobody is told', async () => {
    const { clock, bucket, sent, call } = world();
    const outcome = call(1);
    for (let i = 0; i < 3; i++) {
      await bucket.drip();
      await sent[i]?.fail(new Fault('portal_overloaded', { again: 'bucket_full' }));
      await clock.advance(20_000);
    }
    await bucket.drip();
    await sent[3]?.answer();
    expect(await outcome).toBe('m1 {}');
    expect(bucket.stoodBackMs).toEqual([2000, 4000, 8000]);
  });

  it('stands back once for all trips that were refused together', async () => {
    const { bucket, sent, call } = world();
    for (let n = 0; n < 150; n++) void call(n);
    await bucket.drip(3);
    for (const trip of [...sent]) await trip.fail(new Fault('portal_overloaded', { again: 'bucket_full' }));
    expect(bucket.stoodBackMs).toEqual([2000]);
  });

  it('lets what goes again keep its place', async () => {
    const { bucket, sent, send, methods } = world();
    void send(write(1));
    void send({ ...write(1), method: 'second' });
    await bucket.drip();
    await sent[0]?.fail(new Fault('reauthorization_required', { again: 'token_refused' }));
    await bucket.drip();
    await sent[1]?.answer();
    await bucket.drip();
    expect(methods()).toEqual([['m1'], ['m1'], ['second']]);
  });

  it('runs a command again that the portal did not come to, and only that one', async () => {
    const { bucket, sent, methods, call } = world();
    const outcomes = [call(1), call(2)];
    await bucket.drip();
    const notRun = new Fault('portal_error', { again: 'not_run' });
    await sent[0]?.answer([result('m1 {}'), { ok: false, fault: notRun, spent: { queueMs: 0, upstreamMs: 0 } }]);
    await bucket.drip();
    await sent[1]?.answer();
    expect(await Promise.all(outcomes)).toEqual(['m1 {}', 'm2 {}']);
    expect(methods()).toEqual([['m1', 'm2'], ['m2']]);
  });

  it('holds up nobody but its own portal', async () => {
    const { bucket, sent, call } = world();
    void call(1);
    void call(2, undefined, other);
    await bucket.drip(2);
    await sent.find((it) => it.portal === other)?.answer();
    expect(sent).toHaveLength(2);
  });

  it('tells those who wait that the replica is going, lets those under way finish, and takes no more', async () => {
    const { bucket, sent, lanes, call } = world();
    const left = call(1);
    await bucket.drip();
    const waits = call(2);
    lanes.close();
    expect(await waits).toBe('shutting_down');
    expect(await call(3)).toBe('shutting_down');
    await sent[0]?.answer([result('done')]);
    expect(await left).toBe('done');
  });

  it('is dropped when idle, so that portals cost nothing while nobody calls them', async () => {
    const { clock, bucket, sent, call } = world();
    const outcome = call(1);
    await bucket.drip();
    await sent[0]?.answer();
    await outcome;
    await clock.advance(200_000);
    expect(clock.pending).toBe(0);
  });
});

describe('a lane whose method is near its operating time', () => {
  const used = (usedSeconds: number, clock: HandClock, resetInMs = 120_000) => ({
    operating: { usedSeconds, resetAtMs: clock.now() + resetInMs },
  });

  async function heard(seconds: number) {
    const it = world();
    void it.call(1);
    await it.bucket.drip();
    await it.sent[0]?.answer([result('m1 {}', used(seconds, it.clock))]);
    return it;
  }

  it('lets it through one by one, and others as ever', async () => {
    const { bucket, methods, send } = await heard(350);
    void send({ ...read(1), params: { a: 1 } });
    void send({ ...read(1), params: { a: 2 } });
    void send(read(2));
    await bucket.drip(2);
    expect(methods().slice(1)).toEqual([['m1', 'm2']]);
  });

  it('holds it before the vendor would, until its reset, while other methods go on', async () => {
    const { clock, bucket, methods, lanes, call } = await heard(410);
    await expect(lanes.send(portal, [read(1)], new AbortController().signal)).rejects.toMatchObject({
      code: 'operating_time_spent',
      retryAfterMs: 120_000,
    });
    void call(2);
    await bucket.drip();
    expect(methods().at(-1)).toEqual(['m2']);
    await clock.advance(120_001);
    void call(1);
    await bucket.drip();
    expect(methods().at(-1)).toEqual(['m1']);
  });

  it('tells those who already wait when it is spent meanwhile', async () => {
    const { clock, bucket, sent, send } = world();
    void send(read(1));
    await bucket.drip();
    const waits = send({ ...read(1), params: { other: 1 } });
    await sent[0]?.answer([result('', used(450, clock))]);
    expect(await waits).toBe('operating_time_spent');
  });

  it('goes without batches while it is the batch that is spent', async () => {
    const { clock, bucket, sent, methods, call } = world();
    void call(1);
    await bucket.drip();
    await sent[0]?.answer([result('', { batchOperating: { usedSeconds: 430, resetAtMs: clock.now() + 60_000 } })]);
    void [2, 3].map((n) => call(n));
    await bucket.drip(2);
    expect(methods().slice(1)).toEqual([['m2'], ['m3']]);
  });

  it('sends one by one what was refused because the batch was spent', async () => {
    const { bucket, sent, methods, call } = world();
    const outcomes = [call(1), call(2)];
    await bucket.drip();
    await sent[0]?.fail(new Fault('operating_time_spent', { again: 'batch_spent', retryAfterMs: 60_000 }));
    await bucket.drip(2);
    for (const trip of sent.slice(1)) await trip.answer();
    expect(await Promise.all(outcomes)).toEqual(['m1 {}', 'm2 {}']);
    expect(methods()).toEqual([['m1', 'm2'], ['m1'], ['m2']]);
  });

  it('bounds what one batch is predicted to run', async () => {
    const { bucket, sent, methods, send } = world();
    void send(read(1));
    await bucket.drip();
    await sent[0]?.answer([result('', { spent: { queueMs: 0, upstreamMs: 0, ranMs: 8000 } })]);
    for (let i = 0; i < 5; i++) void send({ ...read(1), params: { i } });
    await bucket.drip(3);
    expect(methods().map(({ length }) => length)).toEqual([1, 2, 2, 1]);
  });
});

describe('the circuit of a lane', () => {
  const dead = () => new Fault('portal_unreachable');

  async function down() {
    const it = world();
    for (let n = 0; n < 5; n++) {
      void it.call(n);
      await it.bucket.drip();
      await it.sent[n]?.fail(dead());
    }
    return it;
  }

  it('opens for a portal that is down, and tells callers so at once with a time to come back', async () => {
    const { lanes, sent, changes } = await down();
    await expect(lanes.send(portal, [read(9)], new AbortController().signal)).rejects.toMatchObject({
      code: 'portal_unreachable',
      retryAfterMs: 5000,
    });
    expect([sent.length, changes]).toEqual([5, ['opened']]);
  });

  it('probes with one trip while the others wait, and closes when it is answered', async () => {
    const { clock, bucket, sent, changes, call } = await down();
    await clock.advance(5000);
    const probe = call(10);
    await bucket.drip(2);
    const waits = call(11);
    await bucket.drip(2);
    expect(sent).toHaveLength(6);
    await sent[5]?.answer();
    await sent[6]?.answer();
    expect(await Promise.all([probe, waits])).toEqual(['m10 {}', 'm11 {}']);
    expect(changes).toEqual(['opened', 'closed']);
  });

  it('rests longer when the probe fails, and tells those who waited for it', async () => {
    const { clock, bucket, sent, lanes, call } = await down();
    await clock.advance(5000);
    void call(10);
    await bucket.drip();
    const waits = call(11);
    await sent[5]?.fail(dead());
    expect(await waits).toBe('portal_unreachable');
    await expect(lanes.send(portal, [read(12)], new AbortController().signal)).rejects.toMatchObject({
      retryAfterMs: 10_000,
    });
  });

  it('opens at once when the vendor forbids further calls', async () => {
    const { bucket, sent, changes, lanes, call } = world();
    const first = call(1);
    await bucket.drip();
    await sent[0]?.fail(new Fault('portal_overloaded', { haltMs: 300_000 }));
    expect(await first).toBe('portal_overloaded');
    await expect(lanes.send(portal, [read(2)], new AbortController().signal)).rejects.toMatchObject({
      code: 'portal_overloaded',
      retryAfterMs: 300_000,
    });
    expect(changes).toEqual(['opened']);
  });

  it('does not open for refusals, which are answers', async () => {
    const { bucket, sent, changes, call } = world();
    for (let n = 0; n < 20; n++) {
      void call(n);
      await bucket.drip();
      const upstream = { method: '', status: 401, error: 'x', description: '' };
      await sent[n]?.fail(new Fault('reauthorization_required', { upstream }));
    }
    expect(changes).toEqual([]);
  });
});

describe('the law of lanes', () => {
  const caller = fc.record({
    effect: fc.constantFrom('read' as const, 'write' as const),
    ids: fc.constantFrom<Record<string, number>>({ thing: 1 }, { thing: 2 }, { group: 1 }, { group: 2 }, {}),
    family: fc.constantFrom('thing', 'else'),
    hostile: fc.boolean(),
    from: fc.constantFrom('a', 'b', 'c'),
    leavesAfter: fc.option(fc.integer({ min: 0, max: 40 }), { nil: undefined }),
  });
  const step = fc.constantFrom('call', 'call', 'drip', 'answer', 'refuse', 'cut' as const);

  interface Called {
    readonly command: Command;
    readonly leavesAfter: number | undefined;
    readonly controller: AbortController;
    outcome?: unknown;
  }

  it('answers each with its own, in safe company, in order, with no trip wasted and nobody stranded', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(caller, { maxLength: 90 }),
        fc.array(step, { maxLength: 60 }),
        async (callers, steps) => {
          const { clock, bucket, sent, send } = world();
          const waiting = callers.map(({ effect, ids, family, hostile, from, leavesAfter }, n) => {
            const params = { n, ...(hostile && { text: '$result' }) };
            const command: Command = { method: 'm', params, effect, entity: { family, ids }, from };
            return { command, leavesAfter, controller: new AbortController() };
          });
          const called: Called[] = [];
          const underWay: { command: Command; n: number }[] = [];
          const left = new Map<number, number>();
          const everLeft = new Set<number>();
          let seen = 0;
          let now = 0;
          const numberOf = ({ params }: Command) => Number(params['n']);
          const look = () => {
            for (const trip of sent.slice(seen)) checkTrip(trip);
            seen = sent.length;
          };
          const checkTrip = ({ commands }: Sent) => {
            expect(commands.length).toBeLessThanOrEqual(50);
            for (const [i, it] of commands.entries()) {
              const hostile = JSON.stringify(it.params).includes('$');
              if (hostile) expect(commands).toHaveLength(1);
              const unsafe = (another: Command) =>
                (it.effect === 'write' || another.effect === 'write') && mayBeSame(it, another);
              expect(commands.slice(i + 1).filter(unsafe)).toEqual([]);
              const early = (another: Command) =>
                (it.effect === 'write' || another.effect === 'write') && areSame(it, another);
              // Nothing on the same entity is under way, and nothing that came before it has yet to leave.
              expect(underWay.filter(({ command }) => early(command))).toEqual([]);
              const before = called.filter(
                ({ command, outcome }) =>
                  numberOf(command) < numberOf(it) && outcome === undefined && !left.has(numberOf(command)),
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
            const trip = sent.find((it) => !it.back);
            if (!trip) return settle();
            for (const command of trip.commands) {
              underWay.splice(
                underWay.findIndex((it) => it.n === numberOf(command)),
                1,
              );
              if (how === 'refuse') left.delete(numberOf(command));
            }
            if (how === 'answer') return trip.answer();
            return trip.fail(
              how === 'cut'
                ? new Fault('outcome_unknown', { upstream: { method: '', status: 0, error: '', description: '' } })
                : new Fault('portal_overloaded', { again: 'bucket_full' }),
            );
          };
          let cuts = 0;
          for (const action of steps) {
            now++;
            for (const it of called) if (it.leavesAfter === now) it.controller.abort(deadline());
            if (action === 'call') {
              for (const it of waiting.splice(0, 12)) {
                called.push(it);
                const mine = called.at(-1)!;
                void send(it.command, it.controller.signal).then((outcome) => (mine.outcome = outcome));
              }
            } else if (action === 'drip') await bucket.drip();
            // Five in a row would open the circuit, which has its own tests.
            else if (action !== 'cut' || ++cuts < 5) await back(action);
            await settle();
            look();
            expect(bucket.taken - bucket.givenBack - seen).toBeLessThanOrEqual(1);
          }
          // In the end everyone is let out and answered.
          for (let i = 0; i < 120; i++) {
            await bucket.drip();
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
