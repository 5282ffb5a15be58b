import type { Bitrix24Simulator, SimulatedPortal, TokenRequestLog } from '../../apps/portal-simulator/src';
import type { PortalActor } from './actors';
import type { ChaosCluster } from './cluster';

export interface ObservedBacklog {
  readonly id: number;
  readonly groupId: number;
  readonly createdBy: number;
  readonly modifiedBy: number;
}

/** A killed replica's connections end with it; the simulator notices this after at most this time. */
const receivedWithinMs = 1000;
/** A pair that the replica received is saved within this time if the store is up. */
const savedWithinMs = 1500;
/** A save that failed is retried within this time after the store is back. */
const againWithinMs = 4000;
/** Faults that still deliver the pair to the replica. */
const harmless = new Set(['fault:slow', 'fault:foreign-endpoint', 'fault:other-client']);
/** Faults of a token check after which an install must not be accepted. */
const disowning = new Set(['fault:other-member', 'fault:other-client', 'fault:foreign-endpoint']);

export function sameBacklog(body: unknown, { id, groupId, createdBy, modifiedBy }: ObservedBacklog): boolean {
  const reported = body as Partial<ObservedBacklog> | undefined;
  return (
    reported?.id === id &&
    reported.groupId === groupId &&
    reported.createdBy === createdBy &&
    reported.modifiedBy === modifiedBy
  );
}

/** Returns how often the portal executed such a write, by its own log. */
export function executed(
  { requests }: SimulatedPortal,
  name: 'add' | 'update' | 'delete',
  matches: (fields: Record<string, unknown>) => boolean,
): number {
  const method = `tasks.api.scrum.backlog.${name}`;
  return requests.filter((log) => {
    return log.method === method && log.executed && matches((log.params['fields'] ?? {}) as Record<string, unknown>);
  }).length;
}

/** Returns how often the portal's own rate limit, not an injected fault, refused a request. */
export function tripped({ requests }: SimulatedPortal): number {
  return requests.filter(({ outcome }) => outcome === 'QUERY_LIMIT_EXCEEDED').length;
}

/**
 * Returns how each of the portal's token families was lost, by the simulator's records; undefined when one of them
 * arrived, so that the gateway should have it.
 */
export function cutsOf(
  { portal, families }: PortalActor,
  simulator: Bitrix24Simulator,
  stage: ChaosCluster,
): string[] | undefined {
  const { tokenRequests } = simulator.oauth;
  const cuts = [...families].map((family) => {
    const all = tokenRequests.filter(({ issued }) => issued?.family === family);
    const [newest] = all.slice(-1);
    if (!newest) return disownedAtInstall(tokenRequests.filter(({ about }) => about === family));
    return refusedAtInstall(all) ?? cutOf(newest, portal, stage);
  });
  return cuts.every((cut) => cut !== undefined) ? cuts : undefined;
}

/** Describes the authorization server's last answer for each of the portal's token families, for debugging. */
export function lastWordsOn({ families }: PortalActor, simulator: Bitrix24Simulator): string {
  const last = [...families].map((family) => {
    const log = simulator.oauth.tokenRequests.findLast(({ issued }) => issued?.family === family);
    if (!log) return 'never refreshed';
    const { at, answeredAt = NaN, closedAt = NaN, outcome } = log;
    return `${outcome} at ${new Date(at).toISOString()}, answered after ${answeredAt - at} ms, closed after ${closedAt - at} ms`;
  });
  return last.join('; ');
}

/**
 * An install whose portal is reported at a host that is not allowed is refused. After the install such a report is
 * ignored.
 */
function refusedAtInstall([first]: readonly TokenRequestLog[]): string | undefined {
  return first?.outcome === 'fault:foreign-endpoint' ? 'foreign-endpoint at its install' : undefined;
}

/** An install whose token belongs to another portal or app, by the authorization server, is refused for good. */
function disownedAtInstall(asked: readonly TokenRequestLog[]): string | undefined {
  const lie = asked.find(({ outcome }) => disowning.has(outcome));
  return lie && `${lie.outcome.slice('fault:'.length)} at its install`;
}

function cutOf(log: TokenRequestLog, { requests }: SimulatedPortal, stage: ChaosCluster): string | undefined {
  const { outcome, issued, answeredAt, closedAt } = log;
  if (requests.some(({ token }) => token === issued?.accessToken)) return undefined;
  if (outcome.startsWith('fault:') && !harmless.has(outcome))
    return `${outcome.slice('fault:'.length)} after the rotation`;
  const isKill = (at: number) =>
    stage.kills.some(({ atMs, endedAtMs }) => at >= atMs && at - endedAtMs < receivedWithinMs);
  if (closedAt === undefined || !isKill(closedAt)) return undefined;
  if (answeredAt === undefined) return 'killed before the answer';
  const mayBeUnsaved = closedAt - answeredAt < savedWithinMs || wasAway(stage, answeredAt, closedAt);
  return mayBeUnsaved ? `killed ${closedAt - answeredAt} ms after the answer` : undefined;
}

/** Whether the store was away between these times, so that nothing could be saved. */
function wasAway({ outages }: ChaosCluster, from: number, until: number): boolean {
  return outages.some((outage) => outage.from <= from + savedWithinMs && outage.until + againWithinMs >= until);
}

/**
 * Whether an answer sent at this time may never have been recorded: the store was away, and a replica was killed before
 * it can have retried.
 */
export function mayBeUnkept({ outages, kills }: ChaosCluster, reportedAtMs: number): boolean {
  return outages.some(({ from, until }) => {
    if (reportedAtMs < from || reportedAtMs > until + savedWithinMs) return false;
    return kills.some(({ atMs }) => atMs >= reportedAtMs && atMs <= until + savedWithinMs);
  });
}

/** Returns the log lines that contain a secret. */
export function secretsIn(lines: Iterable<string>, tokens: ReadonlySet<string>, others: readonly string[]): string[] {
  const seen: string[] = [];
  for (const line of lines) {
    const words = line.match(/[0-9a-f]{32,}/g) ?? [];
    if (words.some((word) => tokens.has(word)) || others.some((secret) => line.includes(secret))) seen.push(line);
  }
  return seen;
}
