import { type Situation, waitBeforeNextMs } from './retry-wait';
import { GatewayProblem, NoAnswer, type ProblemCode } from './failures';

const early: Situation = { attempt: 1, attempts: 4, leftMs: 60_000, repeatable: true, chance: 0 };
const problem = (code: ProblemCode, retryable: boolean, retryAfterMs?: number) =>
  new GatewayProblem(
    { type: 'urn:x', title: 'x', status: 503, detail: 'x', code, requestId: 'r', retryable },
    { retryAfterMs },
  );
const lost = new NoAnswer('lost');

describe('whether a call is made again', () => {
  it('follows what the gateway says, and waits for as long as it asks', () => {
    expect(waitBeforeNextMs(problem('queue_full', true, 7000), early)).toBe(7000);
    expect(waitBeforeNextMs(problem('user_not_found', false, 7000), early)).toBeUndefined();
  });

  it('follows it for an unknown outcome, too: only what the same key settles is retryable', () => {
    expect(waitBeforeNextMs(problem('outcome_unknown', true, 2000), early)).toBe(2000);
    expect(waitBeforeNextMs(problem('outcome_unknown', false), early)).toBeUndefined();
  });

  it('is yes when no answer came, or a passing one from what stands before the gateway', () => {
    const of = (status?: number) => new NoAnswer('x', status === undefined ? {} : { status });
    expect([of(), of(502), of(503), of(504), of(429), of(408)].map((it) => waitBeforeNextMs(it, early))).toEqual(
      Array(6).fill(500),
    );
    expect([of(301), of(404), of(500)].map((it) => waitBeforeNextMs(it, early))).toEqual(Array(3).fill(undefined));
  });

  it('is no for a write that takes no key, whatever is said', () => {
    for (const failure of [problem('queue_full', true, 1), lost])
      expect(waitBeforeNextMs(failure, { ...early, repeatable: false })).toBeUndefined();
  });

  it('is no once the attempts are spent', () => {
    expect(waitBeforeNextMs(lost, { ...early, attempt: 3 })).toBeDefined();
    expect(waitBeforeNextMs(lost, { ...early, attempt: 4 })).toBeUndefined();
  });

  it('is no where the wait would end after the deadline', () => {
    const full = problem('queue_full', true, 5000);
    expect(waitBeforeNextMs(full, { ...early, leftMs: 5001 })).toBe(5000);
    expect(waitBeforeNextMs(full, { ...early, leftMs: 5000 })).toBeUndefined();
  });

  it('is no for what is neither a problem nor a lost answer', () => {
    expect(waitBeforeNextMs(new TypeError('a mistake'), early)).toBeUndefined();
    expect(waitBeforeNextMs(new DOMException('stop', 'AbortError'), early)).toBeUndefined();
  });

  it('waits longer each time where it is not told for how long, up to eight seconds, and half as long by chance', () => {
    const waits = (chance: number) =>
      [1, 2, 3, 4, 5, 6, 9].map((attempt) => waitBeforeNextMs(lost, { ...early, attempts: 10, attempt, chance }));
    expect(waits(0)).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000]);
    expect(waits(1)).toEqual([250, 500, 1000, 2000, 4000, 4000, 4000]);
  });
});
