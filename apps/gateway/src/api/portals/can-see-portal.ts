import { type Client, canUsePortal } from '@b24/access';
import type { PortalRecord } from '@b24/grants';

/**
 * Whether a key sees a portal: it must be allowed to use it. A portal that waits to be admitted is visible only to
 * administrators and to keys that name it.
 */
export function canSeePortal(client: Client, { portal, waitingSinceMs }: PortalRecord): boolean {
  if (!canUsePortal(client, portal)) return false;
  return waitingSinceMs === undefined || client.portals !== 'all' || client.scopes.includes('admin');
}
