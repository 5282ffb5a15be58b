import type { Grant, Refusal, Trouble } from './install';

const longestRestMs = 3_600_000;
/** After a refused pair was refreshed once in vain. */
const firstRefusalRestMs = 5000;

export interface Found {
  readonly code: Trouble['code'];
  readonly detail: string;
  /** How long until the first probe; for ever when absent. */
  readonly restMs?: number;
}

/** The trouble as it is now: the same one as before goes on since then, and each probe in vain doubles the rest. */
export function troubleAfter(before: Trouble | undefined, { code, detail, restMs }: Found, nowMs: number): Trouble {
  const same = before?.code === code ? before : undefined;
  const sinceMs = same?.sinceMs ?? nowMs;
  if (restMs === undefined) return { code, detail, sinceMs };
  const times = (same?.times ?? 0) + 1;
  return { code, detail, sinceMs, times, untilMs: nowMs + doubled(restMs, times) };
}

/** This pair was refused; the one before perhaps too, with no call taken in between. */
export function refusalAfter({ refused, version }: Grant, why: Refusal['why'], nowMs: number): Refusal {
  if (refused?.version === version) return { ...refused, why };
  return { version, why, times: (refused?.times ?? 0) + 1, sinceMs: refused?.sinceMs ?? nowMs };
}

/** How long a portal that refuses pair after pair is left alone; undefined while a refresh may still mend it. */
export function restAfter({ times }: Refusal): number | undefined {
  return times < 2 ? undefined : doubled(firstRefusalRestMs, times - 1);
}

function doubled(firstMs: number, times: number): number {
  return Math.min(firstMs * 2 ** (times - 1), Math.max(firstMs, longestRestMs));
}
