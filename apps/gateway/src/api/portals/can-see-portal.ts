import { type Client, canUsePortal } from '@b24/access';
import type { PortalRecord } from '@b24/grants';

/**
 * Whether the portal is shown to this key: one that the key may use. A portal that waits to be admitted is nobody's yet, so
 * that only administrators' keys, and keys that name it, see it.
 */
export function canSeePortal(client: Client, { portal, waitingSinceMs }: PortalRecord): boolean {
  if (!canUsePortal(client, portal)) return false;
  return waitingSinceMs === undefined || client.portals !== 'all' || client.scopes.includes('admin');
}
