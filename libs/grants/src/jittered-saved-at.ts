import type { PortalId } from '@b24/portal';

const spreadMs = 9 * 86_400_000;

/**
 * Returns when a pair counts as saved: up to nine days earlier than it was, by a fixed offset of the portal, so that grants
 * of one day are not all due on one day.
 */
export function jitteredSavedAtMs(portal: PortalId, savedAtMs: number): number {
  return savedAtMs - Math.floor((parseInt(portal.slice(0, 8), 16) / 2 ** 32) * spreadMs);
}
