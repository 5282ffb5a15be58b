import { canUsePortal, type Client } from '@b24/access';
import { Fault, type PortalId, unlessAborted } from '@b24/portal';
import type { PortalDirectory } from './portal-directory';

/**
 * Returns the portal of a name, at once if the name is known. @param name a member id, an alias or a domain
 * @throws Fault portal_not_found, store_unavailable, or the signal's reason
 */
export function findPortal(portals: PortalDirectory, name: string, signal: AbortSignal): PortalId | Promise<PortalId> {
  return portals.findKnown(name) ?? unlessAborted(portals.find(name), signal);
}

/** The same for a portal whose records are read, not called. @throws Fault also portal_not_found if the client may not use it */
export async function findUsablePortal(
  portals: PortalDirectory,
  name: string,
  { client, signal }: { readonly client: Client; readonly signal?: AbortSignal },
): Promise<PortalId> {
  const portal = await (signal ? findPortal(portals, name, signal) : portals.find(name));
  if (!canUsePortal(client, portal)) throw new Fault('portal_not_found');
  return portal;
}
