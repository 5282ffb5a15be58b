import { checkAccess, type Client, denialReason } from '@b24/access';
import type { PortalRecord } from '@b24/grants';
import { Fault, unlessAborted } from '@b24/portal';
import { z } from 'zod';
import { canSeePortal } from '../../api/portals/can-see-portal';
import { listPortalsOfKey } from '../../api/portals/list-portals-of-key';
import { planOf } from '../../api/portals/plan-of';
import { viewOf } from '../../api/portals/portal-view';
import { isoTime } from '../../http/iso-time';
import { cursorPattern, foreignCursor, nextCursor } from '../../http/list-page';
import { portalName } from '../../http/shapes';
import { findPortal } from '../../line/find-portal';
import type { CallerContext } from '../../request-line';
import type { FailedCallGroup } from '../console/failed-call-groups';
import { explainStatus } from './explain-status';
import { recentProblems } from './recent-problems';
import { type McpTool, readingTool, type ToolDependencies } from './tool';

const access = { scope: 'portals:read' } as const;
const cursor = z
  .string()
  .regex(cursorPattern, foreignCursor)
  .optional()
  .describe('The `nextCursor` of the previous page.');

const listPortals: McpTool = {
  ...readingTool,
  name: 'list_portals',
  operation: 'listPortals',
  description: 'The portals this key may use, 50 a page.',
  input: z.strictObject({ cursor }),
  output: z.looseObject({ items: z.array(z.looseObject({ memberId: z.string(), domain: z.string() })) }),
  says: 'A page of portals.',
  run: async ({ store, settings }, { client, signal }, input) => {
    const only = (record: PortalRecord) => canSeePortal(client, record);
    const page = listPortalsOfKey(store, client, { after: Number(input['cursor'] ?? 0), limit: 50, only });
    const { items, next } = await unlessAborted(page, signal);
    return { items: items.map((it) => listedPortal(it, settings.plan, client)), ...nextCursor(next) };
  },
};

/** The fields of a portal that an assistant can use. A key without portals:read gets the names and the status only. */
function listedPortal(record: PortalRecord, defaultPlan: ToolDependencies['settings']['plan'], client: Client): object {
  const { memberId, alias, domain, tags, status, why } = viewOf(record, { defaultPlan });
  const names = { memberId, alias, domain, status };
  return denialReason(client, access) === undefined ? { ...names, tags, why } : names;
}

const onePortal = z.strictObject({ portal: portalName });

const explainPortalStatus: McpTool = {
  ...readingTool,
  access,
  name: 'explain_portal_status',
  operation: 'explainPortalStatus',
  description: 'Whether a portal can be called; if not, since when, why and what to do. With its queue and limits.',
  input: onePortal,
  says: 'The status.',
  run: async (dependencies, caller, { portal }) => {
    const record = await visiblePortal(dependencies, caller, portal as string);
    const { queues } = dependencies.line;
    const state = await queues.state(record.portal, planOf(record, dependencies.settings.plan));
    return explainStatus(record, state, queues.ledger.viewOf(record.portal), dependencies.settings);
  },
};

const recentProblemsTool: McpTool = {
  ...readingTool,
  access,
  name: 'recent_problems',
  operation: 'recentProblems',
  description:
    'Calls of a portal that failed since the replicas started, by method, code and caller, the latest first, with request ids. Takes a second.',
  input: onePortal,
  says: 'The problems.',
  run: async (dependencies, caller, { portal }) => {
    const record = await visiblePortal(dependencies, caller, portal as string);
    const groups = await recentProblems(dependencies.live, record.portal, caller.signal);
    return { problems: groups.map(problemOf) };
  },
};

function problemOf({ firstAtMs, lastAtMs, requests, ...group }: FailedCallGroup): object {
  const requestIds = requests.map(({ id }) => id);
  return { ...group, firstAt: isoTime(firstAtMs), lastAt: isoTime(lastAtMs), requestIds };
}

/** @throws Fault portal_not_found for a portal that the key may not see, as for one that does not exist */
async function visiblePortal(
  { portals, store }: ToolDependencies,
  { client, signal }: CallerContext,
  name: string,
): Promise<PortalRecord> {
  const portal = await findPortal(portals, name, signal);
  checkAccess(client, { ...access, portal });
  const record = await unlessAborted(store.load(portal), signal);
  if (!record || !canSeePortal(client, record)) throw new Fault('portal_not_found');
  return record;
}

/** Which portals there are, and what is wrong with one. */
export const portalTools = { listPortals, explainPortalStatus, recentProblems: recentProblemsTool };
