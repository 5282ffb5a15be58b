import { Fault, type PortalId, unlessAborted } from '@b24/portal';
import type { FailedCallGroup } from '../console/failed-call-groups';
import type { Live } from '../console/live';

/** A replica that joins in reports with its next figures. */
const maxSnapshots = 5;

/**
 * Returns the failed calls of a portal by kind, over all replicas, as the console shows them: with the next figures, within
 * about a second. @throws Fault store_unavailable while the figures are unknown, shutting_down, or the signal's reason
 */
export async function recentProblems(
  live: Pick<Live, 'watch'>,
  portal: PortalId,
  signal: AbortSignal,
): Promise<readonly FailedCallGroup[]> {
  let leave = (): void => undefined;
  const reported = new Promise<readonly FailedCallGroup[]>((resolve, reject) => {
    let snapshots = 0;
    leave = live.watch({
      ...{ seesAll: false, portals: [], closely: portal, mayStay: () => Promise.resolve(true) },
      show: ({ close }) => {
        if (close?.problems) resolve(close.problems);
        else if (++snapshots === maxSnapshots) reject(new Fault('store_unavailable'));
      },
      end: () => {
        reject(new Fault('shutting_down'));
      },
    });
  });
  try {
    return await unlessAborted(reported, signal);
  } finally {
    leave();
  }
}
