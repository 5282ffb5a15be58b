import { Fault } from '@b24/portal';
import { type HandClock, settle } from '../../../test/support/hand-clock';
import { portal, read, result, queueWorld, write } from '../../../test/support/queue-world';

describe('a portal queue with a method near its operating limit', () => {
  const used = (usedSeconds: number, clock: HandClock, resetInMs = 120_000) => ({
    operating: { usedSeconds, resetAtMs: clock.now() + resetInMs },
  });

  async function received(seconds: number) {
    const it = queueWorld();
    void it.call(1);
    await it.limiter.allow();
    await it.sent[0]?.answer([result('m1 {}', used(seconds, it.clock))]);
    return it;
  }

  it('sends the method one by one, and others as usual', async () => {
    const { limiter, methods, send } = await received(350);
    void send({ ...read(1), params: { a: 1 } });
    void send({ ...read(1), params: { a: 2 } });
    void send(read(2));
    await limiter.allow(2);
    expect(methods().slice(1)).toEqual([['m1', 'm2']]);
  });

  it('holds the method before the vendor would, until its reset, while other methods go on', async () => {
    const { clock, limiter, methods, queues, call } = await received(410);
    await expect(queues.send(portal, [read(1)], new AbortController().signal)).rejects.toMatchObject({
      code: 'operating_time_spent',
      retryAfterMs: 120_000,
    });
    void call(2);
    await limiter.allow();
    expect(methods().at(-1)).toEqual(['m2']);
    await clock.advance(120_001);
    void call(1);
    await limiter.allow();
    expect(methods().at(-1)).toEqual(['m1']);
  });

  it('uses the reset that the vendor named earlier when its refusal names none', async () => {
    const { clock, limiter, sent, queues, call } = await received(350);
    const fault = new Fault('operating_time_spent', { retryAfterMs: 60_000 });
    const refused = queues.send(portal, [read(1)], new AbortController().signal);
    await limiter.allow();
    await sent[1]?.answer([{ ok: false, fault, timing: { queueMs: 0, upstreamMs: 0 } }]);
    expect(await refused).toMatchObject([{ ok: false, fault: { retryAfterMs: 120_000 } }]);
    await clock.advance(60_000);
    expect(await call(1)).toBe('operating_time_spent');
  });

  it('sends as usual after a refusal once the portal runs the method, even without a usage report', async () => {
    const { clock, limiter, sent, methods, send, call } = queueWorld();
    const fault = new Fault('operating_time_spent', { retryAfterMs: 60_000 });
    void call(1);
    await limiter.allow();
    await sent[0]?.answer([{ ok: false, fault, timing: { queueMs: 0, upstreamMs: 0 } }]);
    await clock.advance(60_000);
    void send({ ...read(1), params: { a: 1 } });
    void send({ ...read(1), params: { a: 2 } });
    await limiter.allow(2);
    await sent[1]?.answer();
    await sent[2]?.answer();
    void send({ ...read(1), params: { a: 3 } });
    void send({ ...read(1), params: { a: 4 } });
    await limiter.allow();
    expect(methods()).toEqual([['m1'], ['m1'], ['m1'], ['m1', 'm1']]);
  });

  it('rejects waiting calls whose method is spent meanwhile', async () => {
    const { clock, limiter, sent, send } = queueWorld();
    void send(read(1));
    await limiter.allow();
    const waits = send({ ...read(1), params: { other: 1 } });
    await sent[0]?.answer([result('', used(450, clock))]);
    expect(await waits).toBe('operating_time_spent');
  });

  it('sends no batches while `batch` itself is spent', async () => {
    const { clock, limiter, sent, methods, call } = queueWorld();
    void call(1);
    await limiter.allow();
    await sent[0]?.answer([result('', { batchOperating: { usedSeconds: 430, resetAtMs: clock.now() + 60_000 } })]);
    void [2, 3].map((n) => call(n));
    await limiter.allow(2);
    expect(methods().slice(1)).toEqual([['m2'], ['m3']]);
  });

  it('retries calls one by one that were refused because `batch` was spent', async () => {
    const { limiter, sent, methods, call } = queueWorld();
    const outcomes = [call(1), call(2)];
    await limiter.allow();
    await sent[0]?.fail(new Fault('operating_time_spent', { retryReason: 'batch_spent', retryAfterMs: 60_000 }));
    await limiter.allow(2);
    for (const batch of sent.slice(1)) await batch.answer();
    expect(await Promise.all(outcomes)).toEqual(['m1 {}', 'm2 {}']);
    expect(methods()).toEqual([['m1', 'm2'], ['m1'], ['m2']]);
  });

  it('bounds the predicted run time of a batch', async () => {
    const { limiter, sent, methods, send } = queueWorld();
    void send(read(1));
    await limiter.allow();
    await sent[0]?.answer([result('', { timing: { queueMs: 0, upstreamMs: 0, ranMs: 8000 } })]);
    for (let i = 0; i < 5; i++) void send({ ...read(1), params: { i } });
    await limiter.allow(3);
    expect(methods().map(({ length }) => length)).toEqual([1, 2, 2, 1]);
  });
});

describe('a portal queue with a passing fault', () => {
  it('retries after growing delays, also when timers are late, and then rejects', async () => {
    const { clock, limiter, sent, call } = queueWorld();
    limiter.permits = 10;
    const outcome = call(1);
    await settle();
    for (const pauseMs of [500, 1000, 2000]) {
      await sent.at(-1)?.fail(new Fault('portal_overloaded', { retryReason: 'transient_error' }));
      const before = sent.length;
      await clock.advance(pauseMs - 1);
      expect(sent).toHaveLength(before);
      await clock.advance(1);
      expect(sent).toHaveLength(before + 1);
    }
    await sent.at(-1)?.fail(new Fault('portal_overloaded', { retryReason: 'transient_error' }));
    expect(await outcome).toBe('portal_overloaded');
  });
});

describe('a portal queue whose batch failed as a whole', () => {
  it('retries each command alone when the batch was refused before it ran', async () => {
    const { limiter, sent, methods, call, send } = queueWorld();
    const outcomes = [call(1), send(write(2)), call(3)];
    await limiter.allow();
    await sent[0]?.fail(new Fault('rejected_by_portal', { retryReason: 'alone' }));
    await limiter.allow(3);
    await sent[1]?.answer();
    await sent[2]?.fail(new Fault('access_denied', { retryReason: 'alone' }));
    await sent[3]?.answer();
    expect(await Promise.all(outcomes)).toEqual(['m1 {}', 'access_denied', 'm3 {}']);
    expect(methods()).toEqual([['m1', 'm2', 'm3'], ['m1'], ['m2'], ['m3']]);
  });

  it.each(['answer_too_large', 'outcome_unknown', 'portal_error'] as const)(
    'sends its reads alone after %s, which one of them may have caused, and its writes never again',
    async (code) => {
      const { limiter, sent, methods, queues, call } = queueWorld();
      const reads = [call(1), call(3)];
      const written = queues.send(portal, [write(2)], new AbortController().signal).catch((fault: unknown) => fault);
      await limiter.allow();
      await sent[0]?.fail(new Fault(code, { retryReason: 'reads_alone' }));
      await limiter.allow(2);
      await sent[1]?.answer();
      await sent[2]?.fail(new Fault(code));
      expect(await Promise.all(reads)).toEqual(['m1 {}', code]);
      const expected = code === 'answer_too_large' ? 'outcome_unknown' : code;
      expect(await written).toMatchObject({ code: expected, retryReason: undefined });
      expect(methods()).toEqual([['m1', 'm3', 'm2'], ['m1'], ['m3']]);
    },
  );
});

describe('a portal queue with a method that keeps answering that the bucket is full', () => {
  it('backs off a few times, and then no more for that method while others are answered', async () => {
    const { clock, limiter, sent, call } = queueWorld();
    const full = () => new Fault('portal_overloaded', { retryReason: 'bucket_full' });
    const odd = call(1);
    for (let times = 0; times < 2; times++) {
      await limiter.allow();
      await sent.at(-1)?.fail(full());
      await clock.advance(20_000);
      await limiter.allow();
      // It goes again; while it is under way another is answered.
      const other = call(2);
      await limiter.allow();
      await sent.at(-1)?.answer();
      expect(await other).toBe('m2 {}');
      await sent.at(-2)?.fail(full());
      await clock.advance(20_000);
    }
    expect(await odd).toBe('portal_overloaded');
    expect(limiter.backOffsMs).toHaveLength(3);
    const again = call(1);
    await limiter.allow();
    await sent.at(-1)?.fail(full());
    expect([await again, limiter.backOffsMs.length]).toEqual(['portal_overloaded', 3]);
  });
});

describe('the circuit breaker of a portal queue', () => {
  const dead = () => new Fault('portal_unreachable');

  async function down() {
    const it = queueWorld();
    for (let n = 0; n < 5; n++) {
      void it.call(n);
      await it.limiter.allow();
      await it.sent[n]?.fail(dead());
    }
    return it;
  }

  it('opens for a portal that is down, and rejects calls at once with a Retry-After', async () => {
    const { queues, sent, changes } = await down();
    await expect(queues.send(portal, [read(9)], new AbortController().signal)).rejects.toMatchObject({
      code: 'portal_unreachable',
      retryAfterMs: 5000,
    });
    expect([sent.length, changes]).toEqual([5, ['opened']]);
  });

  it('probes with one request while the others wait, and closes when it is answered', async () => {
    const { clock, limiter, sent, changes, call } = await down();
    await clock.advance(5000);
    const probe = call(10);
    await limiter.allow(2);
    const waits = call(11);
    await limiter.allow(2);
    expect(sent).toHaveLength(6);
    await sent[5]?.answer();
    await sent[6]?.answer();
    expect(await Promise.all([probe, waits])).toEqual(['m10 {}', 'm11 {}']);
    expect(changes).toEqual(['opened', 'closed']);
  });

  it('stays open longer when the probe fails, and rejects the waiting calls', async () => {
    const { clock, limiter, sent, queues, call } = await down();
    await clock.advance(5000);
    void call(10);
    await limiter.allow();
    const waits = call(11);
    await sent[5]?.fail(dead());
    expect(await waits).toBe('portal_unreachable');
    await expect(queues.send(portal, [read(12)], new AbortController().signal)).rejects.toMatchObject({
      retryAfterMs: 10_000,
    });
  });

  it('opens at once when the vendor forbids further calls', async () => {
    const { limiter, sent, changes, queues, call } = queueWorld();
    const first = call(1);
    await limiter.allow();
    await sent[0]?.fail(new Fault('portal_overloaded', { haltMs: 300_000 }));
    expect(await first).toBe('portal_overloaded');
    await expect(queues.send(portal, [read(2)], new AbortController().signal)).rejects.toMatchObject({
      code: 'portal_overloaded',
      retryAfterMs: 300_000,
    });
    expect(changes).toEqual(['opened']);
  });

  const noAnswer = [
    ['a page', () => new Fault('portal_error', { upstream: { method: 'm', status: 504, error: '', description: '' } })],
    ['a cut connection or nothing in time', () => new Fault('outcome_unknown')],
  ] as const;

  it.each(noAnswer)('stays closed for %s while the gateway’s own probe is answered', async (_, fault) => {
    let asked = 0;
    const { limiter, sent, changes, call } = queueWorld({ isAnswering: () => Promise.resolve(++asked > 0) });
    for (let n = 0; n < 64; n++) {
      const outcome = call(n);
      await limiter.allow();
      await sent[n]?.fail(fault());
      expect(await outcome).toBe(fault().code);
    }
    expect([changes, asked]).toEqual([[], 12]);
  });

  it.each(noAnswer)('opens for %s once the gateway’s own probe has no answer either', async (_, fault) => {
    let asked = 0;
    const { clock, limiter, sent, changes, call } = queueWorld({ isAnswering: () => Promise.resolve(++asked < 0) });
    for (let n = 0; n < 5; n++) {
      expect([asked, changes]).toEqual([0, []]);
      void call(n);
      await limiter.allow();
      await sent[n]?.fail(fault());
    }
    expect([asked, changes, await call(9)]).toEqual([1, ['opened'], 'portal_unreachable']);
    await clock.advance(5000);
    void call(10);
    await limiter.allow();
    await sent[5]?.fail(fault());
    expect([asked, changes, await call(11)]).toEqual([2, ['opened', 'opened'], 'portal_unreachable']);
  });

  it('is not kept open by one method without answers: the gateway’s own probe closes it', async () => {
    let down = true;
    const { clock, limiter, sent, changes, call } = queueWorld({ isAnswering: () => Promise.resolve(!down) });
    for (let n = 0; n < 5; n++) {
      void call(n);
      await limiter.allow();
      await sent[n]?.fail(new Fault('outcome_unknown'));
    }
    down = false;
    await clock.advance(5000);
    void call(1);
    await limiter.allow();
    const other = call(2);
    await sent[5]?.fail(new Fault('outcome_unknown'));
    await limiter.allow();
    await sent[6]?.answer();
    expect([await other, changes]).toEqual(['m2 {}', ['opened', 'closed']]);
  });

  it('sends nothing while it probes after it was open, and probes once at a time', async () => {
    let answer: (answers: boolean) => void = () => undefined;
    let asked = 0;
    const isAnswering = () => new Promise<boolean>((resolve) => (asked++, (answer = resolve)));
    const { clock, limiter, sent, call } = queueWorld({ isAnswering });
    for (let n = 0; n < 7; n++) {
      void call(n);
      await limiter.allow();
      await sent[n]?.fail(new Fault('outcome_unknown'));
    }
    expect(asked).toBe(1);
    answer(false);
    await settle();
    await clock.advance(5000);
    void call(7);
    await limiter.allow();
    await sent[7]?.fail(new Fault('outcome_unknown'));
    const waits = call(8);
    await limiter.allow();
    expect([asked, sent.length]).toEqual([2, 8]);
    answer(true);
    await settle();
    await limiter.allow();
    await sent[8]?.answer();
    expect(await waits).toBe('m8 {}');
  });

  it('ignores answers that are too large, and errors that can be parsed', async () => {
    let asked = 0;
    const { limiter, sent, changes, call } = queueWorld({ isAnswering: () => Promise.resolve(++asked < 0) });
    const upstream = { method: 'm', status: 500, error: 'INTERNAL_SERVER_ERROR', description: '' };
    const faults = [new Fault('answer_too_large'), new Fault('portal_error', { upstream })];
    for (let n = 0; n < 20; n++) {
      void call(n);
      await limiter.allow();
      await sent[n]?.fail(faults[n % 2]!);
    }
    expect([asked, changes]).toEqual([0, []]);
  });

  it('does not open for refusals, which are answers', async () => {
    const { limiter, sent, changes, call } = queueWorld();
    for (let n = 0; n < 20; n++) {
      void call(n);
      await limiter.allow();
      const upstream = { method: '', status: 401, error: 'x', description: '' };
      await sent[n]?.fail(new Fault('reauthorization_required', { upstream }));
    }
    expect(changes).toEqual([]);
  });
});
