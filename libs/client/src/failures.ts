import type { Problem } from './generated/types.gen';

/** Closed: docs/faults.md of the gateway explains each. */
export type ProblemCode = Problem['code'];

interface FailureDetails {
  /** How long the gateway asked to wait. */
  readonly retryAfterMs?: number | undefined;
  /** Of the write that failed: a call with the same one goes on with it and never writes twice. */
  readonly idempotencyKey?: string | undefined;
}

/** A call failed; `problem` is the gateway's answer. */
export class GatewayProblem extends Error {
  override readonly name = 'GatewayProblem';
  readonly retryAfterMs?: number | undefined;
  readonly idempotencyKey?: string | undefined;

  constructor(
    readonly problem: Problem,
    details: FailureDetails = {},
  ) {
    super(`${problem.code}: ${problem.detail}`);
    this.retryAfterMs = details.retryAfterMs;
    this.idempotencyKey = details.idempotencyKey;
  }

  get code(): ProblemCode {
    return this.problem.code;
  }

  get status(): number {
    return this.problem.status;
  }

  /** The same call may be made again as it is, a write with the same `idempotencyKey`. */
  get retryable(): boolean {
    return this.problem.retryable;
  }

  /** What the gateway's log knows the call by. */
  get requestId(): string {
    return this.problem.requestId;
  }
}

/** No answer of the gateway's was had, or half of one. A write may have been carried out: its `idempotencyKey` finds out. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  /** Of what was answered by something in between. */
  readonly status?: number | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly idempotencyKey?: string | undefined;

  constructor(message: string, details: FailureDetails & { readonly status?: number; readonly cause?: unknown } = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
    this.idempotencyKey = details.idempotencyKey;
  }
}

/** Is it a problem, and one of these codes where some are named? Known by its shape: a program may hold two copies of this package. */
export function isProblem<C extends ProblemCode = ProblemCode>(
  error: unknown,
  ...codes: readonly C[]
): error is GatewayProblem & { readonly code: C } {
  if (!(error instanceof Error) || error.name !== 'GatewayProblem' || !('problem' in error)) return false;
  const { code } = error.problem as Problem;
  return codes.length === 0 || (codes as readonly ProblemCode[]).includes(code);
}
