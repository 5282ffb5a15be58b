import { Fault } from '@b24/portal';
import { type HandClock, settle } from '../../../test/support/hand-clock';
import { portal, read, result, world } from '../../../test/support/lane-world';

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
