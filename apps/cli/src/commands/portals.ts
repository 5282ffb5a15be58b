import type { Portal, PortalDetails } from '../api-types';
import type { GatewayApi } from '../gateway-api';
import type { CommandContext } from '../command-context';
import { type Colour, type Column, factsOf, type Style, tableOf } from '../output';
import { moment, when } from '../times';

export interface PortalListOptions {
  readonly status?: string;
  readonly app?: string;
  readonly tag?: string;
  readonly unhealthy?: boolean;
  readonly queues?: boolean;
}

/** Portals whose queues are asked for at once. */
const atOnce = 8;

export async function listPortals(
  { api, paper }: CommandContext,
  { status, app, tag, unhealthy, queues }: PortalListOptions,
): Promise<void> {
  const all = await api.all<Portal>('/v1/portals', { status, app, tag });
  const wanted = unhealthy ? all.filter(isUnhealthy) : all;
  // What waits for somebody comes first.
  const items = [...wanted.filter(isWaiting), ...wanted.filter((portal) => !isWaiting(portal))];
  if (queues) paper.print({ items: await withQueues(api, items) }, portalsTable([...columns, ...queueColumns]));
  else paper.print({ items }, portalsTable(columns));
}

export async function showPortal({ api, paper }: CommandContext, name: string): Promise<void> {
  paper.print(await api.get<PortalDetails>(pathOf(name)), portalPage);
}

export async function setSuspended({ api, paper }: CommandContext, name: string, suspended: boolean): Promise<void> {
  const portal = await api.ask<Portal>('PATCH', pathOf(name), { body: { suspended } });
  paper.print(
    portal,
    () => `${nameOf(portal)} is ${suspended ? 'suspended: no call passes' : `${portal.status} again`}.`,
  );
}

export async function admitPortal({ api, paper }: CommandContext, name: string): Promise<void> {
  const portal = await api.ask<Portal>('PATCH', pathOf(name), { body: { admitted: true } });
  paper.print(portal, () => `${nameOf(portal)} (${portal.domain}) is admitted: it is ${portal.status}.`);
}

export function pathOf(name: string): string {
  return `/v1/portals/${encodeURIComponent(name)}`;
}

/** In a trouble that somebody has to look at; suspended is what somebody wanted. */
export function isUnhealthy({ status }: Portal): boolean {
  return status !== 'active' && status !== 'suspended';
}

function isWaiting({ admitted }: Portal): boolean {
  return !admitted;
}

function nameOf({ alias, memberId }: Portal): string {
  return alias ?? memberId;
}

async function withQueues(api: GatewayApi, portals: readonly Portal[]): Promise<PortalDetails[]> {
  const found: PortalDetails[] = [];
  for (let at = 0; at < portals.length; at += atOnce) {
    const some = portals.slice(at, at + atOnce);
    found.push(...(await Promise.all(some.map(({ memberId }) => api.get<PortalDetails>(pathOf(memberId))))));
  }
  return found;
}

const columns: readonly Column<Portal>[] = [
  { title: 'PORTAL', of: nameOf },
  { title: 'DOMAIN', of: ({ domain }) => domain },
  { title: 'STATUS', of: ({ status }) => status, colour: (portal) => colourOf(portal) },
  { title: 'SINCE', of: ({ since }) => when(since) },
  { title: 'APP', of: ({ kind, app }) => (kind === 'webhook' ? 'by webhook' : app) },
  { title: 'PLAN', of: ({ limits: { burst, drainPerSecond } }) => `${burst}, ${drainPerSecond}/s` },
  { title: 'TOKEN ENDS', of: ({ token }) => when(token?.expiresAt) },
];
const queueColumns: readonly Column<PortalDetails>[] = [
  { title: 'WAITING', of: ({ queue }) => `${queue.waiting}` },
  { title: 'PERMITS', of: ({ queue }) => `${queue.permitsAvailable} of ${queue.capacity}` },
  { title: 'CIRCUIT', of: ({ queue }) => queue.circuit },
];

function portalsTable<T extends Portal>(wanted: readonly Column<T>[]) {
  return ({ items }: { items: readonly T[] }, style: Style) => {
    if (items.length === 0) return 'No such portal. `b24-gateway install-link` says how one comes.';
    const unhealthy = items.filter(isUnhealthy).length;
    const sum = items.length === 1 ? '1 portal' : `${items.length} portals`;
    return `${tableOf(wanted, items, style)}\n\n${style.dim(`${sum}, ${unhealthy === 0 ? 'none' : unhealthy} unhealthy.`)}`;
  };
}

function portalPage(portal: PortalDetails, style: Style): string {
  const { queue, limits, token, operating } = portal;
  const facts = factsOf(
    {
      status: portal.status,
      ...(portal.since && { since: `${moment(portal.since)} (${when(portal.since)})` }),
      ...(portal.why && { why: portal.why }),
      ...(isWaiting(portal) && { admit: `b24-gateway admit ${nameOf(portal)}` }),
      ...(isUnhealthy(portal) &&
        !isWaiting(portal) &&
        portal.kind === 'app' && { 'authorize again': `b24-gateway install-link ${nameOf(portal)}` }),
      domain: portal.domain,
      ...(portal.formerDomains && { formerly: portal.formerDomains.join(', ') }),
      'member id': portal.memberId,
      ...(portal.tags && { tags: portal.tags.join(', ') }),
      'comes by': portal.kind === 'webhook' ? 'an incoming webhook' : `the app ${portal.app}`,
      scope: portal.scope.join(', '),
      ...(portal.userId !== undefined && {
        'granted by': `user ${portal.userId}${portal.grantedByAdministrator === false ? ', no administrator' : ''}`,
      }),
      installed: moment(portal.installedAt),
      ...(token && {
        token: `ends ${when(token.expiresAt)}${token.refreshedAt ? `, refreshed ${when(token.refreshedAt)}` : ''}`,
      }),
      'spare token pairs': `${portal.spareTokenPairs}`,
      plan: `${limits.burst} requests fit, ${limits.drainPerSecond} leak a second (${limits.from})`,
      queue: `${queue.waiting} waiting, ${queue.inFlight} in flight, ${queue.permitsAvailable} of ${queue.capacity} permits, circuit ${queue.circuit}`,
    },
    style,
  );
  const spent = operating.length === 0 ? [] : ['', tableOf(operatingColumns, operating, style)];
  return [style.bold(nameOf(portal)), facts, ...spent].join('\n');
}

const operatingColumns: readonly Column<PortalDetails['operating'][number]>[] = [
  { title: 'METHOD', of: ({ method }) => method },
  { title: 'OPERATING SECONDS', of: ({ usedSeconds }) => usedSeconds.toFixed(1) },
  { title: 'NEXT RELIEF', of: ({ resetAt }) => when(resetAt) },
];

function colourOf(portal: Portal): Colour {
  if (isUnhealthy(portal)) return 'red';
  return portal.status === 'active' ? 'green' : 'yellow';
}
