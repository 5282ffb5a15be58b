import type { GrantStore, PortalRecord } from '@b24/grants';
import { belongsTo } from '../portals/portal-view';

/** Every portal that belongs to the app, whatever its status, in the order of their first install. */
export async function portalsOf(app: string, store: GrantStore): Promise<PortalRecord[]> {
  const found: PortalRecord[] = [];
  const only = (record: PortalRecord) => belongsTo(record, app);
  for (let after: number | undefined = 0; after !== undefined;) {
    const page: Awaited<ReturnType<GrantStore['list']>> = await store.list({ after, limit: 1000, only });
    found.push(...page.items);
    after = page.next;
  }
  return found;
}
