import type { PortalId } from '@b24/portal';

const spreadMs = 9 * 86_400_000;

/** When a pair counts as saved: earlier than it was, by a share of nine days that is always the portal's own. */
export function jitteredSavedAtMs(portal: PortalId, savedAtMs: number): number {
  return savedAtMs - Math.floor((parseInt(portal.slice(0, 8), 16) / 2 ** 32) * spreadMs);
}
