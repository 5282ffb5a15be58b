import { type Client, canUsePortal } from '@b24/access';
import type { PortalRecord } from '@b24/grants';

/**
 * Whether a key sees a portal: it must be allowed to use it. A portal that waits to be admitted is visible only to
 * administrators, to people at the console and to keys that name it.
 */
export function canSeePortal(client: Client, { portal, waitingSinceMs }: PortalRecord): boolean {
  if (!canUsePortal(client, portal)) return false;
  if (waitingSinceMs === undefined || client.portals !== 'all') return true;
  return client.person !== undefined || client.scopes.includes('admin');
}
