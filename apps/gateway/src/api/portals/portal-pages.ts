import type { GrantStore, PortalRecord } from '@b24/grants';
import type { PortalId } from '@b24/portal';

const pageItems = 200;

type PortalFilter = Omit<Parameters<GrantStore['list']>[0], 'after' | 'limit'>;

/** Yields all portals that the filter selects, page by page, in the order of their first install. */
export async function* portalPages(
  store: Pick<GrantStore, 'list'>,
  filter: PortalFilter = {},
): AsyncGenerator<readonly PortalRecord[], void, undefined> {
  for (let after: number | undefined = 0; after !== undefined;) {
    const page: Awaited<ReturnType<GrantStore['list']>> = await store.list({ ...filter, after, limit: pageItems });
    yield page.items;
    after = page.next;
  }
}

/** Yields the ids of all portals, page by page. */
export async function* portalIdPages(
  store: Pick<GrantStore, 'list'>,
): AsyncGenerator<readonly PortalId[], void, undefined> {
  for await (const records of portalPages(store)) yield records.map(({ portal }) => portal);
}
