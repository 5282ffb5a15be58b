import { type Command, Fault, type Result } from '@b24/portal';
import { settle } from '../../../test/support/hand-clock';
import { deadline, nameOf, other, plan, portal, read, result, world, write } from '../../../test/support/lane-world';
import type { Plan } from './bucket';
import type { Outlook } from './platform';

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
    await expect(refusal).rejects.toMatchObject({ code: 'queue_full', retryAfterMs: 1000 });
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

  it('prepares again a departure that waited while the token it would have gone with was refused', async () => {
    let prepared = 0;
    const { bucket, sent, call } = world({ prepare: () => Promise.resolve((prepared++, plan)) });
    void call(1);
    await bucket.drip();
    void call(2);
    await settle();
    await sent[0]?.fail(new Fault('reauthorization_required', { again: 'token_refused' }));
    expect(prepared).toBe(2);
    await bucket.drip();
    await settle();
    expect([prepared, sent.length, bucket.givenBack]).toEqual([3, 2, 1]);
  });

  it('does not seat who was just refused in a departure that goes with the same token', async () => {
    const { bucket, platform, sent, call, methods } = world();
    void call(1);
    await bucket.drip();
    void call(2);
    await settle();
    let answer: (outlook: Outlook) => void = () => undefined;
    platform.wait = () => new Promise((resolve) => (answer = resolve));
    await bucket.looks();
    // Let out, but it has yet to hear from the platform whom it may seat.
    await bucket.drip();
    await sent[0]?.fail(new Fault('reauthorization_required', { again: 'token_refused' }));
    answer({ othersWait: false, ours: new Map() });
    await settle();
    expect([methods(), bucket.givenBack]).toEqual([[['m1']], 1]);
    await bucket.drip();
    expect(methods()).toEqual([['m1'], ['m1', 'm2']]);
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

  it('gives a request up as soon as nobody waits for it, and its place is free', async () => {
    const { bucket, sent, lanes, methods, send } = world();
    const hangUps = Array.from({ length: 64 }, () => new AbortController());
    // Of many keys, since one alone may not take every place.
    const slow = hangUps.map(({ signal }, n) => send({ ...read(n, `key ${n}`), params: { alone: '$' } }, signal));
    await bucket.drip(64);
    const other = send(read(100, 'b'));
    await bucket.drip();
    expect([methods().length, lanes.countsOf(portal)?.inFlight]).toEqual([64, 64]);
    for (const hangUp of hangUps) hangUp.abort(deadline());
    expect(new Set(await Promise.all(slow))).toEqual(new Set(['outcome_unknown']));
    expect(sent.map(({ signal }) => signal.aborted)).toEqual(hangUps.map(() => true));
    for (const trip of sent.slice(0, 64)) await trip.fail(new Fault('outcome_unknown'));
    await sent[64]?.answer();
    expect([await other, lanes.countsOf(portal)?.inFlight]).toEqual(['m100 {}', 0]);
  });

  it('does not give up a request that somebody else waits for', async () => {
    const { bucket, sent, call } = world();
    const hangUp = new AbortController();
    const [left, stays] = [call(1, hangUp.signal), call(2)];
    await bucket.drip();
    hangUp.abort(deadline());
    expect([await left, sent[0]?.signal.aborted]).toEqual(['outcome_unknown', false]);
    await sent[0]?.answer();
    expect(await stays).toBe('m2 {}');
  });

  it('lets nothing of its key overtake a write that was given up, on its entity, for as long as the portal may carry it out', async () => {
    const { clock, bucket, sent, lanes, methods, send, call } = world();
    const hangUp = new AbortController();
    const left = send(write(1), hangUp.signal);
    await bucket.drip();
    await clock.advance(10_000);
    hangUp.abort(deadline());
    await sent[0]?.fail(new Fault('outcome_unknown'));
    const next = send({ ...write(1), method: 'next' });
    void call(2);
    await bucket.drip(2);
    expect([await left, methods()]).toEqual(['outcome_unknown', [['m1'], ['m2']]]);
    expect(lanes.countsOf(portal)?.inFlight).toBe(1);
    await clock.advance(49_999);
    expect(methods()).toHaveLength(2);
    await clock.advance(1);
    await sent[2]?.answer();
    expect([methods()[2], await next]).toEqual([['next'], 'next {"to":"a"}']);
  });

  it('keeps no other key from the entity of a write that was given up', async () => {
    const { bucket, sent, methods, send } = world();
    const hangUp = new AbortController();
    const left = send(write(1), hangUp.signal);
    await bucket.drip();
    void send({ ...write(1), method: 'next', from: 'another' });
    await bucket.drip();
    expect(methods()).toEqual([['m1']]);
    hangUp.abort(deadline());
    await left;
    await sent[0]?.fail(new Fault('outcome_unknown'));
    await bucket.drip();
    expect(methods()).toEqual([['m1'], ['next']]);
  });

  it('does not keep the order of a write that was given up but certainly not carried out', async () => {
    const { bucket, sent, methods, send } = world();
    const hangUp = new AbortController();
    const left = send(write(1), hangUp.signal);
    await bucket.drip();
    hangUp.abort(deadline());
    await left;
    await sent[0]?.fail(new Fault('portal_unreachable'));
    void send({ ...write(1), method: 'next' });
    await bucket.drip();
    expect(methods()).toEqual([['m1'], ['next']]);
  });

  it('waits for no write that was given up when the replica is going', async () => {
    const { clock, bucket, sent, lanes, send } = world();
    const hangUp = new AbortController();
    const left = send(write(1), hangUp.signal);
    await bucket.drip();
    hangUp.abort(deadline());
    await left;
    await sent[0]?.fail(new Fault('outcome_unknown'));
    lanes.close();
    expect(clock.pending).toBe(0);
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
