import { spanOf } from '../times';
import { type Check, type DoctorFinding, ok, problem } from './finding';

/** The other's clock as it was told, and our own when we asked and when the answer came; Unix milliseconds. */
export interface ClockReading {
  readonly theirsMs: number;
  readonly requestedAtMs: number;
  readonly answeredAtMs: number;
  /** In what steps the other tells its time. */
  readonly stepMs: number;
}

/** How far off at the least; positive when ours is ahead. What the way or the steps may account for is taken off. */
export function skewOf({ theirsMs, requestedAtMs, answeredAtMs, stepMs }: ClockReading): number {
  if (requestedAtMs > theirsMs + stepMs) return requestedAtMs - theirsMs - stepMs;
  return Math.min(0, answeredAtMs - theirsMs);
}

/** @param toleranceMs skew that does no harm */
export function judgeSkew(check: Check, whose: string, reading: ClockReading, toleranceMs: number): DoctorFinding {
  const skewMs = skewOf(reading);
  if (Math.abs(skewMs) <= toleranceMs) return ok(check, `The clock of this machine goes with that of ${whose}.`);
  const way = skewMs > 0 ? 'ahead of' : 'behind';
  return problem(
    check,
    `The clock of this machine is ${spanOf(Math.abs(skewMs))} ${way} that of ${whose}: tokens are refreshed late or for nothing, and limits are kept badly. Set both by NTP (\`timedatectl\` tells whether they are).`,
  );
}
