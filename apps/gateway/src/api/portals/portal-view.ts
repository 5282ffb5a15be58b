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

export const portalExample = {
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

export const portalSchema = z
  .object({
    memberId: z.string().describe('The id of the portal in Bitrix24, which never changes.'),
    alias: z.string().optional().describe('Your own short name for the portal, to use in paths.'),
    domain: z.string().describe('The current host of the portal.'),
    tags: z.array(z.string()).optional().meta({ description: 'Your own words, by which portals can be selected.' }),
    kind: z
      .enum(['app', 'webhook'])
      .describe('How the portal was added: by installing an app, or by an incoming webhook.'),
    app: z.string().optional().meta({
      description: 'The app that the portal belongs to: the one installed last. A portal by webhook has none.',
    }),
    status: z.enum(statuses).describe('Whether the portal can be called; `active` means yes.'),
    admitted: z.boolean().meta({
      description:
        '`false` while the portal waits for an administrator: calls are rejected, `all` does not include it, and its events are not forwarded. Set it to `true` to admit the portal.',
    }),
    since: dateTime.optional().meta({ description: 'Since when the portal cannot be called.' }),
    why: z.string().optional().meta({ description: 'Why the portal cannot be called, and what to do.' }),
    scope: z.array(z.string()).meta({ description: 'The permissions of the app on the portal.' }),
    userId: z
      .int()
      .optional()
      .meta({ description: 'The id of the user who granted access; calls have the rights of this user.' }),
    grantedByAdministrator: z.boolean().optional().meta({
      description:
        'Whether the portal reported this user as an administrator. While `false`, an administrator who installs the app replaces the grant; while `true`, only an administrator can replace it. Absent until the portal reports it.',
    }),
    formerUser: z
      .object({
        userId: z.int().optional().describe('The id of the former user; absent when unknown.'),
        until: dateTime.describe('When the grant was replaced.'),
      })
      .optional()
      .meta({ description: 'The user who granted access before the current user.' }),
    spareTokenPairs: z.int().meta({
      description:
        'Spare token pairs, by the same user or by administrators, which replace the current one if it is lost.',
    }),
    formerDomains: z
      .array(z.string())
      .optional()
      .meta({ description: 'Former hosts of the portal, by which it can still be named.' }),
    installedAt: dateTime.describe('When the portal was last installed.'),
    token: z
      .object({
        expiresAt: dateTime.describe('When the access token expires.'),
        refreshedAt: dateTime.optional().describe('When the token pair was last refreshed.'),
      })
      .optional()
      .describe('The age of the token pair; the tokens themselves are never returned.'),
    limits: z
      .object({
        burst: z.int().meta({ description: 'The capacity of the leaky bucket of the portal, in requests.' }),
        drainPerSecond: z.int().meta({ description: 'The requests that drain from the bucket per second.' }),
        from: z.enum(['operator', 'licence', 'default']).meta({ description: 'Where the limit comes from.' }),
      })
      .meta({ description: 'The rate limit of the portal, shared by all replicas.' }),
  })
  .meta({ id: 'Portal', examples: [portalExample] });
export type PortalView = z.infer<typeof portalSchema>;

export const portalDetailsSchema = portalSchema
  .and(
    z.object({
      queue: z
        .object({
          waiting: z.int().meta({ description: 'Calls that wait on this replica.' }),
          inFlight: z.int().meta({ description: 'Requests from this replica that are in flight.' }),
          permitsAvailable: z.int().meta({ description: 'Requests that may be sent at once, over all replicas.' }),
          capacity: z.int().describe('The requests that may be sent at once when the portal was idle.'),
          commandsPerRequest: z
            .number()
            .meta({ description: 'The average number of commands per request from this replica.' }),
          circuit: z.enum(['closed', 'open', 'probing']).meta({
            description: '`open`: the portal is down, and this replica rejects calls without sending them.',
          }),
        })
        .describe('The queue of the portal on the replica that answers.'),
      operating: z
        .array(
          z.object({
            method: z.string().describe('The Bitrix24 method.'),
            usedSeconds: z.number().describe('The operating time used, in seconds.'),
            resetAt: dateTime.optional().describe('When the portal resets it.'),
          }),
        )
        .describe('Operating time by method, as last reported to this replica.'),
    }),
  )
  .meta({ id: 'PortalDetails' });
export type PortalDetails = z.infer<typeof portalDetailsSchema>;

export interface ViewContext {
  readonly defaultPlan: Plan;
}

/** Returns the public view of a portal, which has no secrets. */
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
    ...issueOf(record),
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

function issueOf({ waitingSinceMs, issue }: PortalRecord): Pick<PortalView, 'since' | 'why'> {
  if (waitingSinceMs !== undefined)
    return { since: isoTime(waitingSinceMs), why: 'The portal is new here, and nobody has admitted it yet.' };
  return issue ? { since: isoTime(issue.sinceMs), why: issue.detail } : {};
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

/** Whether a portal belongs to the app. A portal by webhook belongs to none. */
export function belongsTo({ kind, app = defaultApp }: PortalRecord, wanted: string): boolean {
  return kind === 'app' && app === wanted;
}

/** Returns what prevents calls to the portal. An issue lasts until a call or a refresh succeeds. */
export function statusOf({ waitingSinceMs, suspended, issue }: PortalRecord): PortalView['status'] {
  if (waitingSinceMs !== undefined) return 'waiting';
  if (suspended) return 'suspended';
  switch (issue?.code) {
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
      return issue.code;
  }
}
