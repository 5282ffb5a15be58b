import type { GrantStore } from '@b24/grants';
import type { PortalId } from '@b24/portal';

const pageSize = 200;

/** The ids of all portals. */
export async function* portalPages(store: Pick<GrantStore, 'list'>): AsyncIterable<readonly PortalId[]> {
  for (let after: number | undefined = 0; after !== undefined;) {
    const page: Awaited<ReturnType<GrantStore['list']>> = await store.list({ after, limit: pageSize });
    yield page.items.map(({ portal }) => portal);
    after = page.next;
  }
}
