import type { Portal, PortalNow, Snapshot } from './api-types';

export type Sums = Pick<NonNullable<Snapshot['all']>, 'calls' | 'waiting' | 'inFlight'>;

/** Sums over all portals that the key may see: as sent, or of the figures of each, where those of all are here. */
export function sumsOf(snapshot: Snapshot | undefined, portals: readonly Portal[] | undefined): Sums | undefined {
  if (snapshot?.all || !snapshot || !portals) return snapshot?.all;
  const parts = portals.flatMap(({ memberId }) => snapshot.portals[memberId] ?? []);
  if (parts.length < portals.length) return undefined;
  const sum = (figure: (it: PortalNow) => number) => parts.reduce((total, it) => total + figure(it), 0);
  const calls = {
    ok: sum((it) => it.calls?.ok ?? NaN),
    failed: sum((it) => it.calls?.failed ?? NaN),
  };
  const waiting = sum((it) => it.waiting);
  const inFlight = sum((it) => it.inFlight);
  return { waiting, inFlight, ...(!Number.isNaN(calls.ok) && { calls }) };
}
