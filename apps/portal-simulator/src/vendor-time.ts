import type { PhpInput } from './php-input';
import type { PortalState } from './portal-state';

/** The `time` of an answer; operating time is that of the method and its owner. */
export function vendorTime(portal: PortalState, method: string, owner: string, startedAt: number): PhpInput {
  const { clock, operating, quirks } = portal;
  const seconds = (ms: number) => (quirks.wholeTimes ? Math.floor(ms / 1000) : ms / 1000);
  const finishedAt = clock.now();
  const duration = (finishedAt - startedAt) / 1000;
  return {
    start: seconds(startedAt),
    finish: seconds(finishedAt),
    duration,
    processing: duration,
    date_start: moscowTime(startedAt),
    date_finish: moscowTime(finishedAt),
    ...(operating.mode === 'absent'
      ? {}
      : { operating_reset_at: operating.resetAt(method, owner), operating: operating.sum(method, owner) }),
  };
}

function moscowTime(ms: number): string {
  return `${new Date(ms + 3 * 3_600_000).toISOString().slice(0, 19)}+03:00`;
}
