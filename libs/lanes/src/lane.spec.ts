import { type Answer, type Command, Fault, type PortalId, portalId, type Result } from '@b24/portal';
import fc from 'fast-check';
import { HandClock, settle } from '../../../test/support/hand-clock';
import type { Bucket } from './bucket';
import { Lanes } from './lanes';

const portal = portalId('a'.repeat(32));
const other = portalId('b'.repeat(32));
const command = (n: number): Command => ({ method: `m${n}`, params: {}, effect: 'read' });
const result = (value: unknown): Result => ({ ok: true, value, spent: { queueMs: 0, upstreamMs: 0 } });

/** A bucket that lets out as many as the test has put in. */
class HandBucket implements Bucket {
  drops = 0;
  taken = 0;
  givenBack = 0;
  stoodBack = 0;
  private readonly waiting: (() => void)[] = [];

  drip(count = 1): Promise<void> {
    this.drops += count;
    while (this.drops > 0 && this.waiting.length > 0) {
      this.drops--;
      this.waiting.shift()?.();
    }
    return settle();
  }

  take(): Promise<void> {
    this.taken++;
    if (this.drops > 0) {
      this.drops--;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  giveBack(): Promise<void> {
    this.givenBack++;
    return this.drip();
  }

  standBack(): Promise<void> {
    this.stoodBack++;
    return Promise.resolve();
  }

  level = () => Promise.resolve({ left: this.drops, capacity: 46, drainPerSecond: 2 });
  open = () => Promise.resolve();
  leave = () => undefined;
  close = () => undefined;
}

interface Waiting {
  readonly n: number;
  readonly to: PortalId;
  readonly fails: boolean;
  readonly leavesAfter: number | undefined;
  readonly controller: AbortController;
  outcome?: unknown;
}

interface Sent {
  readonly portal: PortalId;
  readonly method: string;
  answer(value?: unknown): void;
  fail(fault: Fault): void;
}

function world(options: { queueLimit?: number; prepare?: () => Promise<void> } = {}) {
  const clock = new HandClock();
  const bucket = new HandBucket();
  const sent: Sent[] = [];
  const lanes = new Lanes({
    bucket,
    clock,
    prepare: options.prepare ?? (() => Promise.resolve()),
    queueLimit: options.queueLimit ?? 1000,
    drainPerSecond: 2,
    callTimeoutMs: 30_000,
    observer: { departed: () => undefined, stoodBack: () => undefined },
    next: (to, [first], signal) =>
      new Promise<readonly Answer[]>((resolve, reject) => {
        signal.throwIfAborted();
        sent.push({
          portal: to,
          method: first?.method ?? '',
          answer: (value) => {
            resolve([result(value ?? first?.method)]);
          },
          fail: reject,
        });
      }),
  });
  const call = (n: number, signal = new AbortController().signal, to = portal) => {
    const outcome = lanes.send(to, [command(n)], signal).then(
      ([answer]) => (answer?.ok ? answer.value : answer?.fault.code),
      (fault: unknown) => (fault as Fault).code,
    );
    return outcome;
  };
  return { clock, bucket, sent, lanes, call };
}

const deadline = () => new Fault('deadline_exceeded');

describe('a lane', () => {
  it('lets calls out in the order they came, one for each drop', async () => {
    const { bucket, sent, call } = world();
    void [1, 2, 3].map((n) => call(n));
    await bucket.drip(2);
    expect(sent.map(({ method }) => method)).toEqual(['m1', 'm2']);
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
    const refusal = lanes.send(portal, [command(3)], new AbortController().signal);
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

  it('lets the next one go with the drop that a caller who left did not need', async () => {
    const { bucket, sent, call } = world();
    const caller = new AbortController();
    void call(1, caller.signal);
    void call(2);
    caller.abort(deadline());
    await bucket.drip();
    expect(sent.map(({ method }) => method)).toEqual(['m2']);
  });

  it('tells a call whose deadline passes after it left that its outcome is unknown', async () => {
    const { bucket, sent, call } = world();
    const caller = new AbortController();
    const outcome = call(1, caller.signal);
    await bucket.drip();
    expect(sent).toHaveLength(1);
    caller.abort(deadline());
    expect(await outcome).toBe('outcome_unknown');
  });

  it('does not take a drop before the grant is fresh, since a taken drop must leave at once', async () => {
    let fresh: () => void = () => undefined;
    const { bucket, call } = world({ prepare: () => new Promise((resolve) => (fresh = resolve)) });
    void call(1);
    await settle();
    expect(bucket.taken).toBe(0);
    fresh();
    await settle();
    expect(bucket.taken).toBe(1);
  });

  it('tells everyone who waits when the grant is dead, and lets later calls try again', async () => {
    let dead = true;
    const prepare = () => (dead ? Promise.reject(new Fault('reauthorization_required')) : Promise.resolve());
    const { bucket, sent, call } = world({ prepare });
    expect(await Promise.all([call(1), call(2)])).toEqual(['reauthorization_required', 'reauthorization_required']);
    dead = false;
    void call(3);
    await bucket.drip();
    expect(sent.map(({ method }) => method)).toEqual(['m3']);
  });

  it('stands back when the portal says that its bucket is full', async () => {
    const { bucket, sent, call } = world();
    const outcome = call(1);
    await bucket.drip();
    sent[0]?.fail(new Fault('portal_overloaded', { again: 'bucket_full' }));
    expect(await outcome).toBe('portal_overloaded');
    expect(bucket.stoodBack).toBe(1);
  });

  it('holds up nobody but its own portal', async () => {
    const { bucket, sent, call } = world();
    void call(1);
    void call(2, undefined, other);
    await bucket.drip(2);
    sent.find((it) => it.portal === other)?.answer();
    expect(sent).toHaveLength(2);
  });

  it('tells those who wait that the replica is going, lets those under way finish, and takes no more', async () => {
    const { bucket, sent, lanes, call } = world();
    const [left, waits] = [call(1), call(2)];
    await bucket.drip();
    lanes.close();
    expect(await waits).toBe('shutting_down');
    expect(await call(3)).toBe('shutting_down');
    sent[0]?.answer('done');
    expect(await left).toBe('done');
  });

  it('is dropped when idle, so that portals cost nothing while nobody calls them', async () => {
    const { clock, bucket, sent, call } = world();
    const outcome = call(1);
    await bucket.drip();
    sent[0]?.answer();
    await outcome;
    await clock.advance(200_000);
    expect(clock.pending).toBe(0);
  });
});

describe('the law of lanes', () => {
  const caller = fc.record({
    to: fc.constantFrom(portal, other),
    leavesAfter: fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined }),
    fails: fc.boolean(),
  });
  const step = fc.constantFrom('call', 'drip', 'answer' as const);

  it('gives each caller its own answer or an honest fault, sends nothing unwanted, and strands nobody', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(caller, { maxLength: 12 }),
        fc.array(step, { maxLength: 40 }),
        async (callers, steps) => {
          const { bucket, sent, call } = world();
          const waiting: Waiting[] = callers.map((it, n) => ({ ...it, n, controller: new AbortController() }));
          const called: Waiting[] = [];
          const answered = new Set<Sent>();
          const answerOne = () => {
            const next = sent.find((it) => !answered.has(it));
            if (!next) return;
            answered.add(next);
            const fails = callers[Number(next.method.slice(1))]?.fails;
            if (fails) next.fail(new Fault('portal_error'));
            else next.answer();
          };
          let dripped = 0;
          for (const [i, action] of steps.entries()) {
            for (const it of called) if (it.leavesAfter === i) it.controller.abort(deadline());
            if (action === 'call') {
              const it = waiting.shift();
              if (it) {
                called.push(it);
                void call(it.n, it.controller.signal, it.to).then((outcome) => {
                  it.outcome = outcome;
                });
              }
            } else if (action === 'drip') {
              dripped++;
              await bucket.drip();
            } else answerOne();
            await settle();
            expect(sent.length).toBeLessThanOrEqual(dripped);
          }
          // In the end everyone is let out and answered.
          await bucket.drip(50);
          for (let i = 0; i < 50; i++) {
            answerOne();
            await settle();
          }
          for (const { n, outcome, fails, controller } of called) {
            const wasSent = sent.filter(({ method }) => method === `m${n}`).length;
            expect(wasSent).toBeLessThanOrEqual(1);
            if (outcome === 'deadline_exceeded') expect([wasSent, controller.signal.aborted]).toEqual([0, true]);
            else if (outcome === 'outcome_unknown') expect([wasSent, controller.signal.aborted]).toEqual([1, true]);
            else expect([wasSent, outcome]).toEqual([1, fails ? 'portal_error' : `m${n}`]);
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});
