import type { Grant, Install, Spare, SpareChain } from './install';

/** Beside the chain in use. */
export const mostSpares = 3;
const dayMs = 86_400_000;
/** The vendor's refresh tokens live 180 days; one that close to its end is not worth a try. */
const lifetimeMs = 179 * dayMs;
/** A refused spare is kept so long for whoever may still be refreshing it. */
const refusedForMs = dayMs;

/**
 * Whether the spare may take the place of the grant in use without anybody being asked: an administrator granted it, or the
 * user whose rights calls have anyway.
 */
export function mayTakeOver(
  { byAdministrator, userId }: Pick<Spare, 'byAdministrator' | 'userId'>,
  inUse: { readonly userId?: number | undefined },
): boolean {
  return byAdministrator === true || (userId !== undefined && userId === inUse.userId);
}

/**
 * What is kept of these: no more than three, newest first, and one of another administrator among them if there is one. A
 * spare that may not take over never displaces one that may.
 */
export function keptSpares(spares: readonly SpareChain[], inUse: Pick<Grant, 'userId'>, nowMs: number): SpareChain[] {
  const living = spares.filter((spare) => lives(spare, nowMs)).sort((a, b) => byWorth(a, b, inUse));
  const kept = living.slice(0, mostSpares);
  const isOther = (spare: SpareChain) =>
    spare.refusedAtMs === undefined && spare.userId !== inUse.userId && mayTakeOver(spare, inUse);
  const other = living.find(isOther);
  if (other && !kept.includes(other)) kept.splice(mostSpares - 1, 1, other);
  return kept;
}

/** The spares to try, best first: the same user's before other administrators', newer before older. */
export function sparesToTry({ spares = [], userId }: Grant, why: 'token' | 'user', nowMs: number): SpareChain[] {
  const isGood = (spare: SpareChain) =>
    lives(spare, nowMs) && spare.refusedAtMs === undefined && mayTakeOver(spare, { userId });
  const good = spares.filter(isGood);
  const same = good.filter((spare) => spare.userId === userId);
  const others = good.filter((spare) => spare.userId !== userId);
  // What one chain of a dismissed user is told, all of them are.
  return why === 'user' ? others : [...same, ...others];
}

/** The chain in use, as the spare it becomes when another takes its place. */
export function asSpare(
  { chain, pair, oauthServer, scope, userId, byAdministrator, refreshedAtMs }: Grant,
  refusedAtMs?: number,
): SpareChain[] {
  if (!chain || !pair) return [];
  return [
    {
      ...chain,
      oauthServer,
      scope,
      ...(userId !== undefined && { userId }),
      ...(byAdministrator !== undefined && { byAdministrator }),
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

/** The spares, with this one in the place of what it was. */
export function exchanged(spares: readonly SpareChain[], changed: SpareChain): SpareChain[] {
  return spares.map((it) => (it.id === changed.id ? changed : it));
}

function lives({ renewedAtMs, refusedAtMs }: SpareChain, nowMs: number): boolean {
  return nowMs - renewedAtMs < lifetimeMs && (refusedAtMs === undefined || nowMs - refusedAtMs < refusedForMs);
}

function byWorth(a: SpareChain, b: SpareChain, inUse: Pick<Grant, 'userId'>): number {
  const unproven = Number(!mayTakeOver(a, inUse)) - Number(!mayTakeOver(b, inUse));
  const refused = Number(a.refusedAtMs !== undefined) - Number(b.refusedAtMs !== undefined);
  return unproven || refused || b.renewedAtMs - a.renewedAtMs;
}
