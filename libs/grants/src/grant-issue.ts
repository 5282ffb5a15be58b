import type { Grant, GrantIssue, TokenRejection } from './install';

const maxBackoffMs = 3_600_000;
/** Back-off after the portal rejected a pair that was refreshed because of an earlier rejection. */
const firstRejectionBackoffMs = 5000;

/** What one observation says about a grant. */
export interface ObservedIssue {
  readonly code: GrantIssue['code'];
  readonly detail: string;
  /** Milliseconds until the first probe; absent when only a person can resolve the issue. */
  readonly backoffMs?: number;
}

/** Returns the issue to store: a repeated one keeps its start and doubles its back-off, up to an hour. */
export function nextIssue(
  before: GrantIssue | undefined,
  { code, detail, backoffMs }: ObservedIssue,
  nowMs: number,
): GrantIssue {
  const same = before?.code === code ? before : undefined;
  const sinceMs = same?.sinceMs ?? nowMs;
  if (backoffMs === undefined) return { code, detail, sinceMs };
  const times = (same?.times ?? 0) + 1;
  return { code, detail, sinceMs, times, untilMs: nowMs + doubledBackoffMs(backoffMs, times) };
}

/** Returns the rejection to store for the pair in use; counts the pairs rejected in a row. */
export function nextRejection(
  { rejection, version }: Grant,
  reason: TokenRejection['reason'],
  nowMs: number,
): TokenRejection {
  if (rejection?.version === version) return { ...rejection, reason };
  return { version, reason, times: (rejection?.times ?? 0) + 1, sinceMs: rejection?.sinceMs ?? nowMs };
}

/** Returns how long to leave a portal alone that rejects pair after pair; undefined while a refresh may still help. */
export function rejectionBackoffMs({ times }: TokenRejection): number | undefined {
  return times < 2 ? undefined : doubledBackoffMs(firstRejectionBackoffMs, times - 1);
}

function doubledBackoffMs(firstMs: number, times: number): number {
  return Math.min(firstMs * 2 ** (times - 1), Math.max(firstMs, maxBackoffMs));
}
