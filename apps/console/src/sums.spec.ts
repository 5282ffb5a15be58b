import type { Portal, PortalNow, Snapshot } from './api-types';
import { sumsOf } from './sums';

const portals = [{ memberId: 'a' }, { memberId: 'b' }] as Portal[];
const now = (ok?: number): PortalNow => ({
  waiting: 2,
  inFlight: 1,
  circuit: 'closed',
  ...(ok !== undefined && { calls: { ok, failed: 1 } }),
});
const snapshot = (parts: Snapshot['portals'], all?: Snapshot['all']): Snapshot => ({
  atMs: 1,
  replicas: ['x'],
  portals: parts,
  ...(all && { all }),
});
const everything = { waiting: 9, inFlight: 9, down: 0, calls: { ok: 9, failed: 9 } };

it.each<[string, Snapshot | undefined, readonly Portal[] | undefined, ReturnType<typeof sumsOf>]>([
  ['as sent, where they are sent', snapshot({}, everything), portals, everything],
  ['unknown without figures', undefined, portals, undefined],
  ['unknown before the portals are known', snapshot({ a: now(1) }), undefined, undefined],
  ['unknown where the figures of a portal are missing', snapshot({ a: now(1) }), portals, undefined],
  [
    'summed where they are not sent and each portal’s are here',
    snapshot({ a: now(3), b: now(4) }),
    portals,
    { waiting: 4, inFlight: 2, calls: { ok: 7, failed: 2 } },
  ],
  [
    'without calls where those of one portal are not known yet',
    snapshot({ a: now(3), b: now() }),
    portals,
    { waiting: 4, inFlight: 2 },
  ],
])('the sums over all portals are %s', (_, received, all, sums) => {
  expect(sumsOf(received, all)).toEqual(sums);
});
