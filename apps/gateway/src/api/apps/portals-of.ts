import type { GrantStore, PortalRecord } from '@b24/grants';
import { portalPages } from '../portals/portal-pages';
import { belongsTo } from '../portals/portal-view';

/** Returns every portal of an app, whatever its status, in the order of their first install. */
export async function portalsOf(app: string, store: GrantStore): Promise<PortalRecord[]> {
  const found: PortalRecord[] = [];
  for await (const records of portalPages(store, { only: (record) => belongsTo(record, app) })) found.push(...records);
  return found;
}
