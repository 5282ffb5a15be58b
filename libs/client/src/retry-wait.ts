import { GatewayProblem, NoAnswer } from './failures';

/** Where a call stands after an attempt that failed. */
export interface Situation {
  /** Attempts made, from 1. */
  readonly attempt: number;
  /** Attempts it may have in all. */
  readonly attempts: number;
  /** Until its deadline. */
  readonly leftMs: number;
  /** A read, or a write that its Idempotency-Key keeps from happening twice. */
  readonly repeatable: boolean;
  /** From 0 to 1: callers that failed together shall not come back together. */
  readonly chance: number;
}

/** What answers in the gateway's place while it is away: proxies, load balancers. */
const passing = [408, 429, 502, 503, 504];
const [firstWaitMs, maxWaitMs] = [500, 8000];

/** How long to wait before the call is made again as it is, in milliseconds; undefined: not again. */
export function waitBeforeNextMs(failure: unknown, situation: Situation): number | undefined {
  const { attempt, attempts, leftMs, repeatable, chance } = situation;
  if (attempt >= attempts || !repeatable) return undefined;
  // Anything else is the caller's own abort, or a mistake: both stay what they are.
  if (!(failure instanceof GatewayProblem || failure instanceof NoAnswer) || !mayPass(failure)) return undefined;
  // 500, 1000, 2000 … milliseconds, or half as much by chance.
  const ownMs = Math.min(maxWaitMs, firstWaitMs * 2 ** (attempt - 1)) * (1 - chance / 2);
  const waitMs = failure.retryAfterMs ?? ownMs;
  // What would be asked after the deadline nobody waits for: better told at once.
  return waitMs < leftMs ? waitMs : undefined;
}

function mayPass(failure: GatewayProblem | NoAnswer): boolean {
  // The gateway knows what is safe: `outcome_unknown` is retryable only where the same key settles it.
  if (failure instanceof GatewayProblem) return failure.retryable;
  return failure.status === undefined || passing.includes(failure.status);
}
