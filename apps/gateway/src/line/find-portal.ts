import { type PortalId, unlessAborted } from '@b24/portal';
import type { PortalDirectory } from './portal-directory';

/**
 * Returns the portal of a name, at once if the name is known. @param name a member id, an alias or a domain
 * @throws Fault portal_not_found, store_unavailable, or the signal's reason
 */
export function findPortal(portals: PortalDirectory, name: string, signal: AbortSignal): PortalId | Promise<PortalId> {
  return portals.findKnown(name) ?? unlessAborted(portals.find(name), signal);
}
