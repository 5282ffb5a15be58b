import { Fault } from '@b24/portal';
import { type HandClock, settle } from '../../../test/support/hand-clock';
import { portal, read, result, world, write } from '../../../test/support/lane-world';

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

  it('tells the reset that the vendor named before when its refusal names none', async () => {
    const { clock, bucket, sent, lanes, call } = await heard(350);
    const fault = new Fault('operating_time_spent', { retryAfterMs: 60_000 });
    const refused = lanes.send(portal, [read(1)], new AbortController().signal);
    await bucket.drip();
    await sent[1]?.answer([{ ok: false, fault, spent: { queueMs: 0, upstreamMs: 0 } }]);
    expect(await refused).toMatchObject([{ ok: false, fault: { retryAfterMs: 120_000 } }]);
    await clock.advance(60_000);
    expect(await call(1)).toBe('operating_time_spent');
  });

  it('goes as ever again after a refusal when the portal runs it, also when it never tells what was used', async () => {
    const { clock, bucket, sent, methods, send, call } = world();
    const fault = new Fault('operating_time_spent', { retryAfterMs: 60_000 });
    void call(1);
    await bucket.drip();
    await sent[0]?.answer([{ ok: false, fault, spent: { queueMs: 0, upstreamMs: 0 } }]);
    await clock.advance(60_000);
    void send({ ...read(1), params: { a: 1 } });
    void send({ ...read(1), params: { a: 2 } });
    await bucket.drip(2);
    await sent[1]?.answer();
    await sent[2]?.answer();
    void send({ ...read(1), params: { a: 3 } });
    void send({ ...read(1), params: { a: 4 } });
    await bucket.drip();
    expect(methods()).toEqual([['m1'], ['m1'], ['m1'], ['m1', 'm1']]);
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

describe('a lane in passing trouble', () => {
  it('goes again after growing pauses, also when the clock runs a little late, and then says so', async () => {
    const { clock, bucket, sent, call } = world();
    bucket.drops = 10;
    const outcome = call(1);
    await settle();
    for (const pauseMs of [500, 1000, 2000]) {
      await sent.at(-1)?.fail(new Fault('portal_overloaded', { again: 'passing_trouble' }));
      const before = sent.length;
      await clock.advance(pauseMs - 1);
      expect(sent).toHaveLength(before);
      await clock.advance(1);
      expect(sent).toHaveLength(before + 1);
    }
    await sent.at(-1)?.fail(new Fault('portal_overloaded', { again: 'passing_trouble' }));
    expect(await outcome).toBe('portal_overloaded');
  });
});

describe('a lane whose batch failed as a whole', () => {
  it('sends each command alone when the batch was refused before it was run', async () => {
    const { bucket, sent, methods, call, send } = world();
    const outcomes = [call(1), send(write(2)), call(3)];
    await bucket.drip();
    await sent[0]?.fail(new Fault('rejected_by_portal', { again: 'alone' }));
    await bucket.drip(3);
    await sent[1]?.answer();
    await sent[2]?.fail(new Fault('access_denied', { again: 'alone' }));
    await sent[3]?.answer();
    expect(await Promise.all(outcomes)).toEqual(['m1 {}', 'access_denied', 'm3 {}']);
    expect(methods()).toEqual([['m1', 'm2', 'm3'], ['m1'], ['m2'], ['m3']]);
  });

  it.each(['answer_too_large', 'outcome_unknown', 'portal_error'] as const)(
    'sends its reads alone after %s, which one of them may have caused, and its writes never again',
    async (code) => {
      const { bucket, sent, methods, lanes, call } = world();
      const reads = [call(1), call(3)];
      const written = lanes.send(portal, [write(2)], new AbortController().signal).catch((fault: unknown) => fault);
      await bucket.drip();
      await sent[0]?.fail(new Fault(code, { again: 'reads_alone' }));
      await bucket.drip(2);
      await sent[1]?.answer();
      await sent[2]?.fail(new Fault(code));
      expect(await Promise.all(reads)).toEqual(['m1 {}', code]);
      const told = code === 'answer_too_large' ? 'outcome_unknown' : code;
      expect(await written).toMatchObject({ code: told, again: undefined });
      expect(methods()).toEqual([['m1', 'm3', 'm2'], ['m1'], ['m3']]);
    },
  );
});

describe('a lane whose method says of itself that the bucket is full', () => {
  it('stands back a few times, and then not for that method while others are answered', async () => {
    const { clock, bucket, sent, call } = world();
    const full = () => new Fault('portal_overloaded', { again: 'bucket_full' });
    const odd = call(1);
    for (let times = 0; times < 2; times++) {
      await bucket.drip();
      await sent.at(-1)?.fail(full());
      await clock.advance(20_000);
      await bucket.drip();
      // It goes again; while it is under way another is answered.
      const other = call(2);
      await bucket.drip();
      await sent.at(-1)?.answer();
      expect(await other).toBe('m2 {}');
      await sent.at(-2)?.fail(full());
      await clock.advance(20_000);
    }
    expect(await odd).toBe('portal_overloaded');
    expect(bucket.stoodBackMs).toHaveLength(3);
    const again = call(1);
    await bucket.drip();
    await sent.at(-1)?.fail(full());
    expect([await again, bucket.stoodBackMs.length]).toEqual(['portal_overloaded', 3]);
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

  const noAnswer = [
    ['a page', () => new Fault('portal_error', { upstream: { method: 'm', status: 504, error: '', description: '' } })],
    ['a cut connection or nothing in time', () => new Fault('outcome_unknown')],
  ] as const;

  it.each(noAnswer)('stays closed for %s, for as long as a question of our own is answered', async (_, fault) => {
    let asked = 0;
    const { bucket, sent, changes, call } = world({ answers: () => Promise.resolve(++asked > 0) });
    for (let n = 0; n < 64; n++) {
      const outcome = call(n);
      await bucket.drip();
      await sent[n]?.fail(fault());
      expect(await outcome).toBe(fault().code);
    }
    expect([changes, asked]).toEqual([[], 12]);
  });

  it.each(noAnswer)('opens for %s once a question of our own has no answer either', async (_, fault) => {
    let asked = 0;
    const { clock, bucket, sent, changes, call } = world({ answers: () => Promise.resolve(++asked < 0) });
    for (let n = 0; n < 5; n++) {
      expect([asked, changes]).toEqual([0, []]);
      void call(n);
      await bucket.drip();
      await sent[n]?.fail(fault());
    }
    expect([asked, changes, await call(9)]).toEqual([1, ['opened'], 'portal_unreachable']);
    await clock.advance(5000);
    void call(10);
    await bucket.drip();
    await sent[5]?.fail(fault());
    expect([asked, changes, await call(11)]).toEqual([2, ['opened', 'opened'], 'portal_unreachable']);
  });

  it('is not held open by one method that has no answer: our own question closes it', async () => {
    let down = true;
    const { clock, bucket, sent, changes, call } = world({ answers: () => Promise.resolve(!down) });
    for (let n = 0; n < 5; n++) {
      void call(n);
      await bucket.drip();
      await sent[n]?.fail(new Fault('outcome_unknown'));
    }
    down = false;
    await clock.advance(5000);
    void call(1);
    await bucket.drip();
    const other = call(2);
    await sent[5]?.fail(new Fault('outcome_unknown'));
    await bucket.drip();
    await sent[6]?.answer();
    expect([await other, changes]).toEqual(['m2 {}', ['opened', 'closed']]);
  });

  it('lets nobody leave while it asks, once it was open, and asks once at a time', async () => {
    let answer: (answers: boolean) => void = () => undefined;
    let asked = 0;
    const answers = () => new Promise<boolean>((resolve) => (asked++, (answer = resolve)));
    const { clock, bucket, sent, call } = world({ answers });
    for (let n = 0; n < 7; n++) {
      void call(n);
      await bucket.drip();
      await sent[n]?.fail(new Fault('outcome_unknown'));
    }
    expect(asked).toBe(1);
    answer(false);
    await settle();
    await clock.advance(5000);
    void call(7);
    await bucket.drip();
    await sent[7]?.fail(new Fault('outcome_unknown'));
    const waits = call(8);
    await bucket.drip();
    expect([asked, sent.length]).toEqual([2, 8]);
    answer(true);
    await settle();
    await bucket.drip();
    await sent[8]?.answer();
    expect(await waits).toBe('m8 {}');
  });

  it('says nothing of a portal whose answer is too large, or is an error that can be read', async () => {
    let asked = 0;
    const { bucket, sent, changes, call } = world({ answers: () => Promise.resolve(++asked < 0) });
    const upstream = { method: 'm', status: 500, error: 'INTERNAL_SERVER_ERROR', description: '' };
    const faults = [new Fault('answer_too_large'), new Fault('portal_error', { upstream })];
    for (let n = 0; n < 20; n++) {
      void call(n);
      await bucket.drip();
      await sent[n]?.fail(faults[n % 2]!);
    }
    expect([asked, changes]).toEqual([0, []]);
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
