import type { Grant, Install, SpareInfo, SparePair } from './install';

/** Beside the family in use. */
export const maxSpares = 3;
const dayMs = 86_400_000;
/** The vendor's refresh tokens live 180 days; one that close to its end is not worth a try. */
const maxSpareAgeMs = 179 * dayMs;
/** A refused spare is kept so long for whoever may still be refreshing it. */
const rejectedTtlMs = dayMs;

/**
 * Whether the spare may take the place of the grant in use without anybody being asked: an administrator granted it, or the
 * user whose rights calls have anyway.
 */
export function canTakeOver(
  { byAdministrator, userId }: Pick<SpareInfo, 'byAdministrator' | 'userId'>,
  inUse: { readonly userId?: number | undefined },
): boolean {
  return byAdministrator === true || (userId !== undefined && userId === inUse.userId);
}

/**
 * What is kept of these: no more than three, newest first, and one of another administrator among them if there is one. A
 * spare that may not take over never displaces one that may.
 */
export function selectSpares(spares: readonly SparePair[], inUse: Pick<Grant, 'userId'>, nowMs: number): SparePair[] {
  const living = spares.filter((spare) => isAlive(spare, nowMs)).sort((a, b) => compareSpares(a, b, inUse));
  const kept = living.slice(0, maxSpares);
  const isOther = (spare: SparePair) =>
    spare.refusedAtMs === undefined && spare.userId !== inUse.userId && canTakeOver(spare, inUse);
  const other = living.find(isOther);
  if (other && !kept.includes(other)) kept.splice(maxSpares - 1, 1, other);
  return kept;
}

/** The spares to try, best first: the same user's before other administrators', newer before older. */
export function sparesToTry({ spares = [], userId }: Grant, why: 'token' | 'user', nowMs: number): SparePair[] {
  const isGood = (spare: SparePair) =>
    isAlive(spare, nowMs) && spare.refusedAtMs === undefined && canTakeOver(spare, { userId });
  const good = spares.filter(isGood);
  const same = good.filter((spare) => spare.userId === userId);
  const others = good.filter((spare) => spare.userId !== userId);
  // What one family of a dismissed user is told, all of them are.
  return why === 'user' ? others : [...same, ...others];
}

/** The family in use, as the spare it becomes when another takes its place. */
export function toSpares(
  { family, pair, oauthServer, scope, userId, byAdministrator, refreshedAtMs }: Grant,
  refusedAtMs?: number,
): SparePair[] {
  if (!family || !pair) return [];
  return [
    {
      ...family,
      oauthServer,
      scope,
      ...(userId !== undefined && { userId }),
      ...(byAdministrator !== undefined && { byAdministrator }),
      renewedAtMs: refreshedAtMs ?? family.grantedAtMs,
      refreshToken: pair.refreshToken,
      ...(refusedAtMs !== undefined && { refusedAtMs }),
    },
  ];
}

/**
 * The families that become spares when this install comes. Another app's do not: they would bring back an app that was
 * replaced, and outlive its registration.
 */
export function sparesAfterInstall(before: Grant | undefined, install: Pick<Install, 'app'>): SparePair[] {
  if (!before || before.app !== install.app) return [];
  return [...toSpares(before), ...(before.spares ?? [])];
}

/** The spares, with this one in the place of what it was. */
export function replaceSpare(spares: readonly SparePair[], changed: SparePair): SparePair[] {
  return spares.map((it) => (it.id === changed.id ? changed : it));
}

function isAlive({ renewedAtMs, refusedAtMs }: SparePair, nowMs: number): boolean {
  return nowMs - renewedAtMs < maxSpareAgeMs && (refusedAtMs === undefined || nowMs - refusedAtMs < rejectedTtlMs);
}

function compareSpares(a: SparePair, b: SparePair, inUse: Pick<Grant, 'userId'>): number {
  const unproven = Number(!canTakeOver(a, inUse)) - Number(!canTakeOver(b, inUse));
  const refused = Number(a.refusedAtMs !== undefined) - Number(b.refusedAtMs !== undefined);
  return unproven || refused || b.renewedAtMs - a.renewedAtMs;
}
