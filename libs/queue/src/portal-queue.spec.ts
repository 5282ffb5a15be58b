import { type Command, Fault, type Result } from '@b24/portal';
import { settle } from '../../../test/support/hand-clock';
import {
  deadline,
  nameOf,
  other,
  plan,
  portal,
  read,
  result,
  queueWorld,
  write,
} from '../../../test/support/queue-world';
import type { Plan } from './rate-limiter';
import type { PeerState } from './peer-exchange';

describe('a portal queue', () => {
  it('sends a single call at once and alone', async () => {
    const { limiter, methods, call } = queueWorld();
    limiter.permits = 1;
    void call(1);
    await settle();
    expect(methods()).toEqual([['m1']]);
  });

  it('sends all waiting calls in one batch when a permit is granted', async () => {
    const { limiter, methods, call } = queueWorld();
    void [1, 2, 3].map((n) => call(n));
    await limiter.allow();
    expect(methods()).toEqual([['m1', 'm2', 'm3']]);
  });

  it('returns each caller of a batch its own answer, with the details of the request', async () => {
    const { limiter, sent, queues } = queueWorld();
    const signal = new AbortController().signal;
    const asked = [1, 2].map((n) => queues.send(portal, [read(n)], signal));
    await limiter.allow();
    await sent[0]?.answer();
    const [[first], [second]] = (await Promise.all(asked)) as [[Result], [Result]];
    expect([first.value, second.value]).toEqual(['m1 {}', 'm2 {}']);
    expect(second.request).toEqual({ commands: 2, left: 7, capacity: 46, drainPerSecond: 2 });
  });

  it('puts at most fifty commands in a batch', async () => {
    const { limiter, methods, call } = queueWorld();
    for (let n = 0; n < 120; n++) void call(n);
    await limiter.allow(3);
    expect(methods().map(({ length }) => length)).toEqual([50, 50, 20]);
  });

  it('gives clients turns, so that a thousand calls of one delay another by one request at most', async () => {
    const { limiter, sent, send } = queueWorld();
    for (let n = 0; n < 1000; n++) void send(read(n, 'greedy'));
    await limiter.allow();
    const single = send(read(5000, 'modest'));
    const others = send(read(5001, 'third'));
    await limiter.allow();
    await sent[1]?.answer();
    expect(await Promise.all([single, others])).toEqual(['m5000 {}', 'm5001 {}']);
    expect(sent[1]?.commands).toHaveLength(50);
  });

  it('starts each batch with the client whose turn it is when there are more clients than commands in a batch', async () => {
    const { limiter, sent, send } = queueWorld();
    for (let n = 0; n < 120; n++) void send(read(n, `key ${n % 60}`));
    await limiter.allow(3);
    const batches = sent.map(({ commands }) => new Set(commands.map(({ from }) => from)));
    expect(new Set([...(batches[0] ?? []), ...(batches[1] ?? [])]).size).toBe(60);
  });

  it('sends a call that may not share a batch alone, without delaying others', async () => {
    const { limiter, sent, send } = queueWorld();
    const hostile: Command = { ...read(1, 'evil'), params: { name: '$result[c0][secret]' } };
    void send(read(2));
    void send(hostile);
    void send(read(3));
    await limiter.allow(2);
    const batches = sent.map(({ commands }) => commands);
    expect(batches.find((commands) => commands.includes(commands.find(({ from }) => from === 'evil')!))).toHaveLength(
      1,
    );
    expect(batches.flat()).toHaveLength(3);
  });

  it('never batches two calls that may concern one entity when one of them writes', async () => {
    const { limiter, sent, send } = queueWorld();
    const byGroup = (n: number): Command => ({ ...read(n), entity: { family: 'thing', ids: { group: 1 } } });
    void send(write(1));
    void send(byGroup(2));
    void send(write(3));
    await limiter.allow(2);
    expect(sent.map(({ commands }) => commands.map(({ effect }) => effect))).toEqual([['write', 'write'], ['read']]);
  });

  it('keeps the order on one entity, also while the first call is in flight', async () => {
    const { limiter, sent, methods, send } = queueWorld();
    void send(write(1, 'a'));
    void send({ ...read(1, 'b'), method: 'read1' });
    void send(read(2, 'c'));
    await limiter.allow(3);
    expect(methods()).toEqual([['m1', 'm2']]);
    await sent[0]?.answer();
    expect(methods()[1]).toEqual(['read1']);
  });

  it('lets identical waiting reads share one command, never writes', async () => {
    const { limiter, sent, send } = queueWorld();
    const reads = [send(read(1, 'a')), send(read(1, 'b')), send(read(1, 'c'))];
    const writes = [send(write(7, 'a')), send(write(8, 'a'))];
    await limiter.allow(2);
    expect(sent[0]?.commands.map(nameOf)).toEqual(['m1 {}', 'm7 {"to":"a"}', 'm8 {"to":"a"}']);
    await sent[0]?.answer();
    expect(await Promise.all(reads)).toEqual(['m1 {}', 'm1 {}', 'm1 {}']);
    expect(await Promise.all(writes)).toHaveLength(2);
  });

  it('does not answer a read with one that was sent before it, nor with one from before a write', async () => {
    const { limiter, sent, send } = queueWorld();
    void send(read(1));
    await limiter.allow();
    void send(read(1, 'b'));
    void send({ ...write(9), entity: { family: 'thing', ids: { thing: 1 } } });
    void send(read(1, 'c'));
    for (let i = 0; i < 4; i++) {
      await limiter.allow();
      await sent.find(({ isDone }) => !isDone)?.answer();
    }
    expect(sent.flatMap(({ commands }) => commands.map(({ effect }) => effect))).toEqual([
      'read',
      'read',
      'write',
      'read',
    ]);
  });

  it('lets one caller of a shared read give up without the others', async () => {
    const { limiter, sent, send } = queueWorld();
    const leaver = new AbortController();
    const [left, stays] = [send(read(1, 'a'), leaver.signal), send(read(1, 'b'))];
    leaver.abort(deadline());
    expect(await left).toBe('deadline_exceeded');
    await limiter.allow();
    await sent[0]?.answer();
    expect(await stays).toBe('m1 {}');
  });

  it('acquires one permit at a time, so that none is acquired for nobody', async () => {
    const { limiter, call } = queueWorld();
    void [1, 2, 3].map((n) => call(n));
    await settle();
    expect(limiter.acquired).toBe(1);
  });

  it('refuses a call beyond its limit, with a Retry-After', async () => {
    const { queues, call } = queueWorld({ queueLimit: 2 });
    void [1, 2].map((n) => call(n));
    await settle();
    const refusal = queues.send(portal, [read(3)], new AbortController().signal);
    await expect(refusal).rejects.toMatchObject({ code: 'queue_full', retryAfterMs: 1000 });
  });

  it('rejects a call whose deadline passes while it waits as never sent, and never sends it', async () => {
    const { limiter, sent, call } = queueWorld();
    const caller = new AbortController();
    const outcome = call(1, caller.signal);
    await settle();
    caller.abort(deadline());
    expect(await outcome).toBe('deadline_exceeded');
    await limiter.allow();
    expect(sent).toEqual([]);
    expect(limiter.refunded).toBe(1);
  });

  it('rejects a call whose deadline passes in flight with outcome_unknown, and answers the others', async () => {
    const { limiter, sent, call } = queueWorld();
    const caller = new AbortController();
    const [outcome, stays] = [call(1, caller.signal), call(2)];
    await limiter.allow();
    caller.abort(deadline());
    expect(await outcome).toBe('outcome_unknown');
    expect(sent[0]?.signal.aborted).toBe(false);
    await sent[0]?.answer();
    expect(await stays).toBe('m2 {}');
  });

  it('aborts a request when its last caller gives up', async () => {
    const { limiter, sent, call } = queueWorld();
    const callers = [new AbortController(), new AbortController()];
    void callers.map(({ signal }, n) => call(n, signal));
    await limiter.allow();
    for (const caller of callers) caller.abort(deadline());
    expect(sent[0]?.signal.aborted).toBe(true);
  });

  it('acquires no permit before the grant is fresh, because a permit must be used at once', async () => {
    let fresh: (plan: Plan) => void = () => undefined;
    const { limiter, call } = queueWorld({ prepare: () => new Promise((resolve) => (fresh = resolve)) });
    void call(1);
    await settle();
    expect(limiter.acquired).toBe(0);
    fresh(plan);
    await settle();
    expect(limiter.acquired).toBe(1);
  });

  it('prepares again when the token was refused while the request waited for its permit', async () => {
    let prepared = 0;
    const { limiter, sent, call } = queueWorld({ prepare: () => Promise.resolve((prepared++, plan)) });
    void call(1);
    await limiter.allow();
    void call(2);
    await settle();
    await sent[0]?.fail(new Fault('reauthorization_required', { retryReason: 'token_refused' }));
    expect(prepared).toBe(2);
    await limiter.allow();
    await settle();
    expect([prepared, sent.length, limiter.refunded]).toEqual([3, 2, 1]);
  });

  it('does not send a call that was just refused with the same token again', async () => {
    const { limiter, exchange, sent, call, methods } = queueWorld();
    void call(1);
    await limiter.allow();
    void call(2);
    await settle();
    let answer: (outlook: PeerState) => void = () => undefined;
    exchange.offer = () => new Promise((resolve) => (answer = resolve));
    await limiter.poll();
    // Let out, but it has yet to hear from the exchange whom it may seat.
    await limiter.allow();
    await sent[0]?.fail(new Fault('reauthorization_required', { retryReason: 'token_refused' }));
    answer({ peersWait: false, offered: new Map() });
    await settle();
    expect([methods(), limiter.refunded]).toEqual([[['m1']], 1]);
    await limiter.allow();
    expect(methods()).toEqual([['m1'], ['m1', 'm2']]);
  });

  it('rejects all waiting calls when the grant is dead, and lets later calls try again', async () => {
    let dead = true;
    const prepare = () => (dead ? Promise.reject(new Fault('reauthorization_required')) : Promise.resolve(plan));
    const { limiter, methods, call } = queueWorld({ prepare });
    expect(await Promise.all([call(1), call(2)])).toEqual(['reauthorization_required', 'reauthorization_required']);
    dead = false;
    void call(3);
    await limiter.allow();
    expect(methods()).toEqual([['m3']]);
  });

  it('backs off when the portal says that its bucket is full, longer each time, and rejects no call', async () => {
    const { clock, limiter, sent, call } = queueWorld();
    const outcome = call(1);
    for (let i = 0; i < 3; i++) {
      await limiter.allow();
      await sent[i]?.fail(new Fault('portal_overloaded', { retryReason: 'bucket_full' }));
      await clock.advance(20_000);
    }
    await limiter.allow();
    await sent[3]?.answer();
    expect(await outcome).toBe('m1 {}');
    expect(limiter.backOffsMs).toEqual([2000, 4000, 8000]);
  });

  it('backs off once for all requests that were refused together', async () => {
    const { limiter, sent, call } = queueWorld();
    for (let n = 0; n < 150; n++) void call(n);
    await limiter.allow(3);
    for (const batch of [...sent]) await batch.fail(new Fault('portal_overloaded', { retryReason: 'bucket_full' }));
    expect(limiter.backOffsMs).toEqual([2000]);
  });

  it('keeps the place of a call that is retried', async () => {
    const { limiter, sent, send, methods } = queueWorld();
    void send(write(1));
    void send({ ...write(1), method: 'second' });
    await limiter.allow();
    await sent[0]?.fail(new Fault('reauthorization_required', { retryReason: 'token_refused' }));
    await limiter.allow();
    await sent[1]?.answer();
    await limiter.allow();
    expect(methods()).toEqual([['m1'], ['m1'], ['second']]);
  });

  it('retries a command that the portal did not run, and only that one', async () => {
    const { limiter, sent, methods, call } = queueWorld();
    const outcomes = [call(1), call(2)];
    await limiter.allow();
    const notRun = new Fault('portal_error', { retryReason: 'not_run' });
    await sent[0]?.answer([result('m1 {}'), { ok: false, fault: notRun, timing: { queueMs: 0, upstreamMs: 0 } }]);
    await limiter.allow();
    await sent[1]?.answer();
    expect(await Promise.all(outcomes)).toEqual(['m1 {}', 'm2 {}']);
    expect(methods()).toEqual([['m1', 'm2'], ['m2']]);
  });

  it('blocks no other portal', async () => {
    const { limiter, sent, call } = queueWorld();
    void call(1);
    void call(2, undefined, other);
    await limiter.allow(2);
    await sent.find((it) => it.portal === other)?.answer();
    expect(sent).toHaveLength(2);
  });

  it('rejects waiting calls on shutdown, lets calls in flight finish, and takes no more', async () => {
    const { limiter, sent, queues, call } = queueWorld();
    const left = call(1);
    await limiter.allow();
    const waits = call(2);
    queues.close();
    expect(await waits).toBe('shutting_down');
    expect(await call(3)).toBe('shutting_down');
    await sent[0]?.answer([result('done')]);
    expect(await left).toBe('done');
  });

  it('aborts a request as soon as nobody waits for it, and frees its slot', async () => {
    const { limiter, sent, queues, methods, send } = queueWorld();
    const hangUps = Array.from({ length: 64 }, () => new AbortController());
    // Of many clients, because one client may not take every slot.
    const slow = hangUps.map(({ signal }, n) => send({ ...read(n, `key ${n}`), params: { alone: '$' } }, signal));
    await limiter.allow(64);
    const other = send(read(100, 'b'));
    await limiter.allow();
    expect([methods().length, queues.countsOf(portal)?.inFlight]).toEqual([64, 64]);
    for (const hangUp of hangUps) hangUp.abort(deadline());
    expect(new Set(await Promise.all(slow))).toEqual(new Set(['outcome_unknown']));
    expect(sent.map(({ signal }) => signal.aborted)).toEqual(hangUps.map(() => true));
    for (const batch of sent.slice(0, 64)) await batch.fail(new Fault('outcome_unknown'));
    await sent[64]?.answer();
    expect([await other, queues.countsOf(portal)?.inFlight]).toEqual(['m100 {}', 0]);
  });

  it('does not abort a request that another caller waits for', async () => {
    const { limiter, sent, call } = queueWorld();
    const hangUp = new AbortController();
    const [left, stays] = [call(1, hangUp.signal), call(2)];
    await limiter.allow();
    hangUp.abort(deadline());
    expect([await left, sent[0]?.signal.aborted]).toEqual(['outcome_unknown', false]);
    await sent[0]?.answer();
    expect(await stays).toBe('m2 {}');
  });

  it('lets no call of its client overtake an abandoned write on its entity while the portal may still run it', async () => {
    const { clock, limiter, sent, queues, methods, send, call } = queueWorld();
    const hangUp = new AbortController();
    const left = send(write(1), hangUp.signal);
    await limiter.allow();
    await clock.advance(10_000);
    hangUp.abort(deadline());
    await sent[0]?.fail(new Fault('outcome_unknown'));
    const next = send({ ...write(1), method: 'next' });
    void call(2);
    await limiter.allow(2);
    expect([await left, methods()]).toEqual(['outcome_unknown', [['m1'], ['m2']]]);
    expect(queues.countsOf(portal)?.inFlight).toBe(1);
    await clock.advance(49_999);
    expect(methods()).toHaveLength(2);
    await clock.advance(1);
    await sent[2]?.answer();
    expect([methods()[2], await next]).toEqual([['next'], 'next {"to":"a"}']);
  });

  it('keeps no other client from the entity of an abandoned write', async () => {
    const { limiter, sent, methods, send } = queueWorld();
    const hangUp = new AbortController();
    const left = send(write(1), hangUp.signal);
    await limiter.allow();
    void send({ ...write(1), method: 'next', from: 'another' });
    await limiter.allow();
    expect(methods()).toEqual([['m1']]);
    hangUp.abort(deadline());
    await left;
    await sent[0]?.fail(new Fault('outcome_unknown'));
    await limiter.allow();
    expect(methods()).toEqual([['m1'], ['next']]);
  });

  it('does not keep the order of an abandoned write that certainly did not run', async () => {
    const { limiter, sent, methods, send } = queueWorld();
    const hangUp = new AbortController();
    const left = send(write(1), hangUp.signal);
    await limiter.allow();
    hangUp.abort(deadline());
    await left;
    await sent[0]?.fail(new Fault('portal_unreachable'));
    void send({ ...write(1), method: 'next' });
    await limiter.allow();
    expect(methods()).toEqual([['m1'], ['next']]);
  });

  it('does not wait for abandoned writes on shutdown', async () => {
    const { clock, limiter, sent, queues, send } = queueWorld();
    const hangUp = new AbortController();
    const left = send(write(1), hangUp.signal);
    await limiter.allow();
    hangUp.abort(deadline());
    await left;
    await sent[0]?.fail(new Fault('outcome_unknown'));
    queues.close();
    expect(clock.pending).toBe(0);
  });

  it('is dropped when idle, so that idle portals cost nothing', async () => {
    const { clock, limiter, sent, call } = queueWorld();
    const outcome = call(1);
    await limiter.allow();
    await sent[0]?.answer();
    await outcome;
    await clock.advance(200_000);
    expect(clock.pending).toBe(0);
  });
});
