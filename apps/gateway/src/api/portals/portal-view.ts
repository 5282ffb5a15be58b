import { defaultApp, canTakeOver, type PortalRecord } from '@b24/grants';
import type { QueueState, Plan, PortalLedger } from '@b24/queue';
import { z } from 'zod';
import { isoTime } from '../../http/iso-time';
import { planOf } from './plan-of';

export const statuses = [
  'active',
  'waiting',
  'suspended',
  'reauthorization_required',
  'payment_required',
  'uninstalled',
  'deleted',
  'unreachable',
  'authorization_server_error',
] as const;

const dateTime = z.iso.datetime();

export const portalSchema = z
  .object({
    memberId: z.string(),
    alias: z.string().optional(),
    domain: z.string(),
    tags: z
      .array(z.string())
      .optional()
      .meta({ description: 'Words of the operator’s, by which portals are picked out.' }),
    kind: z.enum(['app', 'webhook']),
    app: z
      .string()
      .optional()
      .meta({ description: 'The app it belongs to: the one installed last. A webhook has none.' }),
    status: z.enum(statuses),
    admitted: z.boolean().meta({
      description:
        'False while the portal waits for an operator: no call passes, it is outside “all”, and its events are not sent on. Setting it to true admits the portal.',
    }),
    since: dateTime.optional().meta({ description: 'Since when the portal is in trouble, or waits.' }),
    why: z.string().optional().meta({ description: 'What the trouble is and what mends it.' }),
    scope: z.array(z.string()).meta({ description: 'What the app may do on the portal.' }),
    userId: z.int().optional().meta({ description: 'The user who granted access, whose rights calls have.' }),
    grantedByAdministrator: z.boolean().optional().meta({
      description:
        'Whether the portal said that this user is its administrator. While it is false, an administrator who installs the app replaces the grant; once it is true, nobody but an administrator can. Absent while the portal did not say.',
    }),
    formerUser: z
      .object({ userId: z.int().optional(), until: dateTime })
      .optional()
      .meta({ description: 'Who had granted access before another grant replaced theirs; no id: nobody knew who.' }),
    spareTokenPairs: z.int().meta({
      description:
        'Grants of access kept beside the one in use, by its user or by administrators, which take its place should it be lost.',
    }),
    formerDomains: z
      .array(z.string())
      .optional()
      .meta({ description: 'Hosts the portal was renamed from; it is still found by them.' }),
    installedAt: dateTime,
    token: z.object({ expiresAt: dateTime, refreshedAt: dateTime.optional() }).optional(),
    limits: z
      .object({
        burst: z.int().meta({ description: 'Requests that fit into the portal’s leaky bucket.' }),
        drainPerSecond: z.int().meta({ description: 'Requests that leak out of it each second.' }),
        from: z.enum(['operator', 'licence', 'default']).meta({ description: 'Who says so.' }),
      })
      .meta({ description: 'The bucket that calls of all replicas keep within.' }),
  })
  .meta({ id: 'Portal' });
export type PortalView = z.infer<typeof portalSchema>;

export const portalDetailsSchema = portalSchema
  .extend({
    queue: z.object({
      waiting: z.int().meta({ description: 'Calls that wait on this replica.' }),
      inFlight: z.int().meta({ description: 'Requests under way from this replica.' }),
      permitsAvailable: z.int().meta({ description: 'Requests that may be sent at once; shared by all replicas.' }),
      capacity: z.int(),
      commandsPerRequest: z
        .number()
        .meta({ description: 'Average number of commands in one request of this replica.' }),
      circuit: z.enum(['closed', 'open', 'probing']).meta({
        description: 'Open: the portal is down, and this replica fails calls at once without sending them.',
      }),
    }),
    operating: z
      .array(z.object({ method: z.string(), usedSeconds: z.number(), resetAt: dateTime.optional() }))
      .meta({ description: 'Operating time used by method, as last heard by this replica.' }),
  })
  .meta({ id: 'PortalDetails' });
export type PortalDetails = z.infer<typeof portalDetailsSchema>;

export const portalExample: PortalView = {
  memberId: 'a223c6b3710f85df22e9377d6c4f7553',
  alias: 'acme',
  domain: 'acme.bitrix24.de',
  kind: 'app',
  app: 'default',
  status: 'active',
  admitted: true,
  scope: ['task'],
  userId: 1,
  grantedByAdministrator: true,
  spareTokenPairs: 1,
  installedAt: '2026-11-01T09:00:00.000Z',
  token: { expiresAt: '2026-11-01T10:00:00.000Z' },
  limits: { burst: 50, drainPerSecond: 2, from: 'default' },
};

export interface ViewContext {
  readonly defaultPlan: Plan;
}

/** What anyone may see of a portal; secrets are not among the fields it names. */
export function viewOf(record: PortalRecord, { defaultPlan }: ViewContext): PortalView {
  const { alias, tags, userId, byAdministrator, formerDomains, expiresAtMs, refreshedAtMs } = record;
  return {
    memberId: record.portal,
    ...(alias && { alias }),
    domain: record.domain,
    ...(tags && { tags: [...tags] }),
    kind: record.kind,
    ...(record.kind === 'app' && { app: record.app ?? defaultApp }),
    status: statusOf(record),
    admitted: record.waitingSinceMs === undefined,
    ...troubleOf(record),
    scope: [...record.scope],
    ...(userId !== undefined && { userId }),
    ...(byAdministrator !== undefined && { grantedByAdministrator: byAdministrator }),
    ...formerUserOf(record),
    spareTokenPairs: usableSpares(record),
    ...(formerDomains && { formerDomains: [...formerDomains] }),
    installedAt: isoTime(record.installedAtMs),
    ...(expiresAtMs !== undefined && {
      token: {
        expiresAt: isoTime(expiresAtMs),
        ...(refreshedAtMs !== undefined && { refreshedAt: isoTime(refreshedAtMs) }),
      },
    }),
    limits: planOf(record, defaultPlan),
  };
}

function troubleOf({ waitingSinceMs, issue: trouble }: PortalRecord): Pick<PortalView, 'since' | 'why'> {
  if (waitingSinceMs !== undefined)
    return { since: isoTime(waitingSinceMs), why: 'The portal is new here, and nobody has admitted it yet.' };
  return trouble ? { since: isoTime(trouble.sinceMs), why: trouble.detail } : {};
}

function formerUserOf({ formerUser }: PortalRecord): Pick<PortalView, 'formerUser'> {
  if (!formerUser) return {};
  const { userId, untilMs } = formerUser;
  return { formerUser: { ...(userId !== undefined && { userId }), until: isoTime(untilMs) } };
}

function usableSpares({ spares = [], userId }: PortalRecord): number {
  return spares.filter((spare) => spare.refusedAtMs === undefined && canTakeOver(spare, { userId })).length;
}

export function detailsOf(
  view: PortalView,
  { waiting, inFlight, left, capacity, commandsPerRequest, circuit }: QueueState,
  methods: ReturnType<PortalLedger['view']>,
): PortalDetails {
  const operating = methods.map(({ method, operating: { usedSeconds, resetAtMs } }) => ({
    method,
    usedSeconds,
    ...(resetAtMs !== undefined && { resetAt: isoTime(resetAtMs) }),
  }));
  return {
    ...view,
    queue: { waiting, inFlight, permitsAvailable: left, capacity, commandsPerRequest, circuit },
    operating,
  };
}

/** A portal by webhook belongs to none. */
export function belongsTo({ kind, app = defaultApp }: PortalRecord, wanted: string): boolean {
  return kind === 'app' && app === wanted;
}

/** What keeps calls from the portal; a trouble lasts until a call or a refresh went well. */
export function statusOf({ waitingSinceMs, suspended, issue: trouble }: PortalRecord): PortalView['status'] {
  if (waitingSinceMs !== undefined) return 'waiting';
  if (suspended) return 'suspended';
  switch (trouble?.code) {
    case undefined:
      return 'active';
    case 'portal_payment_required':
      return 'payment_required';
    case 'portal_uninstalled':
      return 'uninstalled';
    case 'portal_deleted':
      return 'deleted';
    case 'portal_unreachable':
      return 'unreachable';
    case 'reauthorization_required':
    case 'authorization_server_error':
      return trouble.code;
  }
}
