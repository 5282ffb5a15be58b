import type { Client } from '@b24/access';
import type { GrantStore } from '@b24/grants';

type PortalPageOptions = Omit<Parameters<GrantStore['list']>[0], 'among'>;

/**
 * Returns a page of the portals that a key may use. For a key with certain portals only those are read and counted, so that
 * neither a cursor nor a short page reveals how many others exist. Every list that a key can read uses this.
 */
export function listPortalsOfKey(
  store: GrantStore,
  client: Client,
  page: PortalPageOptions,
): ReturnType<GrantStore['list']> {
  return store.list({ ...page, ...amongOf(client) });
}

/** The filter for the portals that a key may use. */
export function amongOf({ portals }: Client): Pick<Parameters<GrantStore['list']>[0], 'among'> {
  return portals === 'all' ? {} : { among: portals };
}
