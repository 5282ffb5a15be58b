import type { Grant, Install, SpareInfo, SparePair } from './install';

/** Maximum number of spares beside the family in use. */
export const maxSpares = 3;
const dayMs = 86_400_000;
/** Refresh tokens live 180 days (docs/bitrix24-rules.md#oauth); an older spare is not tried. */
const maxSpareAgeMs = 179 * dayMs;
/** A rejected spare is kept this long, because a refresh of it may still run. */
const rejectedTtlMs = dayMs;

/**
 * Returns whether the spare may replace the grant in use without a person: an administrator granted it, or the user whose
 * rights calls already have.
 */
export function canTakeOver(
  { byAdministrator, userId }: Pick<SpareInfo, 'byAdministrator' | 'userId'>,
  inUse: { readonly userId?: number | undefined },
): boolean {
  return byAdministrator === true || (userId !== undefined && userId === inUse.userId);
}

/**
 * Selects the spares to keep: at most three, newest first, including one of another administrator if there is one. A
 * spare that may not take over never displaces one that may.
 */
export function selectSpares(spares: readonly SparePair[], inUse: Pick<Grant, 'userId'>, nowMs: number): SparePair[] {
  const living = spares.filter((spare) => isAlive(spare, nowMs)).sort((a, b) => compareSpares(a, b, inUse));
  const stored = living.slice(0, maxSpares);
  const isOther = (spare: SparePair) =>
    spare.refusedAtMs === undefined && spare.userId !== inUse.userId && canTakeOver(spare, inUse);
  const other = living.find(isOther);
  if (other && !stored.includes(other)) stored.splice(maxSpares - 1, 1, other);
  return stored;
}

/** Returns the spares to try: the same user's before other administrators', newer before older. */
export function sparesToTry({ spares = [], userId }: Grant, reason: 'token' | 'user', nowMs: number): SparePair[] {
  const isGood = (spare: SparePair) =>
    isAlive(spare, nowMs) && spare.refusedAtMs === undefined && canTakeOver(spare, { userId });
  const good = spares.filter(isGood);
  const same = good.filter((spare) => spare.userId === userId);
  const others = good.filter((spare) => spare.userId !== userId);
  // All families of a dismissed user are rejected alike.
  return reason === 'user' ? others : [...same, ...others];
}

/** Returns the family in use as a spare; empty when there is none. */
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
 * Returns the families that become spares after this install. Another app's do not: they would restore a replaced app and
 * outlive its registration.
 */
export function sparesAfterInstall(before: Grant | undefined, install: Pick<Install, 'app'>): SparePair[] {
  if (!before || before.app !== install.app) return [];
  return [...toSpares(before), ...(before.spares ?? [])];
}

/** Returns the spares with one of them replaced. */
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
