import type { Client } from '@b24/access';
import type { GrantStore } from '@b24/grants';

type PortalPageOptions = Omit<Parameters<GrantStore['list']>[0], 'among'>;

/**
 * A page of the portals that a key may use. For a key of certain portals only those are read and counted, so that neither a
 * cursor nor a short page shows how many others there are. Every list that a key can ask for is made of this.
 */
export function listPortalsOfKey(
  store: GrantStore,
  { portals }: Client,
  page: PortalPageOptions,
): ReturnType<GrantStore['list']> {
  return store.list({ ...page, ...(portals !== 'all' && { among: portals }) });
}
