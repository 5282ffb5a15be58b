import type { Grant, Install, SpareChain } from './install';

/** Beside the chain in use. */
export const mostSpares = 3;
const dayMs = 86_400_000;
/** The vendor's refresh tokens live 180 days; one that close to its end is not worth a try. */
const lifetimeMs = 179 * dayMs;
/** A refused spare is kept so long for whoever may still be refreshing it. */
const refusedForMs = dayMs;

/** What is kept of these, newest first: no more than three, and one of another user among them if there is one. */
export function keptSpares(spares: readonly SpareChain[], inUse: Pick<Grant, 'userId'>, nowMs: number): SpareChain[] {
  const living = spares.filter((spare) => lives(spare, nowMs)).sort(byWorth);
  const kept = living.slice(0, mostSpares);
  const isOther = ({ userId, refusedAtMs }: SpareChain) => refusedAtMs === undefined && userId !== inUse.userId;
  const other = living.find(isOther);
  if (other && !kept.includes(other)) kept.splice(mostSpares - 1, 1, other);
  return kept;
}

/** The spares to try, best first: the same user's before others', newer before older. */
export function sparesToTry({ spares = [], userId }: Grant, why: 'token' | 'user', nowMs: number): SpareChain[] {
  const good = spares.filter((spare) => lives(spare, nowMs) && spare.refusedAtMs === undefined);
  const same = good.filter((spare) => spare.userId === userId);
  const others = good.filter((spare) => spare.userId !== userId);
  // What one chain of a dismissed user is told, all of them are.
  return why === 'user' ? others : [...same, ...others];
}

/** The chain in use, as the spare it becomes when another takes its place. */
export function asSpare(
  { chain, pair, oauthServer, scope, userId, refreshedAtMs }: Grant,
  refusedAtMs?: number,
): SpareChain[] {
  if (!chain || !pair) return [];
  return [
    {
      ...chain,
      oauthServer,
      scope,
      ...(userId !== undefined && { userId }),
      renewedAtMs: refreshedAtMs ?? chain.grantedAtMs,
      refreshToken: pair.refreshToken,
      ...(refusedAtMs !== undefined && { refusedAtMs }),
    },
  ];
}

/**
 * The chains that become spares when this install comes. Another app's do not: they would bring back an app that was
 * replaced, and outlive its registration.
 */
export function leftBehind(before: Grant | undefined, install: Pick<Install, 'app'>): SpareChain[] {
  if (!before || before.app !== install.app) return [];
  return [...asSpare(before), ...(before.spares ?? [])];
}

function lives({ renewedAtMs, refusedAtMs }: SpareChain, nowMs: number): boolean {
  return nowMs - renewedAtMs < lifetimeMs && (refusedAtMs === undefined || nowMs - refusedAtMs < refusedForMs);
}

function byWorth(a: SpareChain, b: SpareChain): number {
  const refused = Number(a.refusedAtMs !== undefined) - Number(b.refusedAtMs !== undefined);
  return refused || b.renewedAtMs - a.renewedAtMs;
}
