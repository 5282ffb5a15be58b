import type { Bucket, Plan } from '@b24/queue';
import { type PortalId, unlessAborted } from '@b24/portal';

/**
 * Leave for one request of the gateway's own; to be called once it is over. A permit that comes after the signal aborted
 * is given back. @throws Fault store_unavailable, or the signal's reason
 */
export async function acquirePermit(
  bucket: Bucket,
  portal: PortalId,
  plan: Plan,
  signal: AbortSignal,
): Promise<() => void> {
  const taken = bucket.take(portal, plan);
  try {
    const permit = await unlessAborted(taken, signal);
    return () => {
      permit.arrived();
    };
  } catch (error) {
    void taken.then((permit) => permit.giveBack()).catch(() => undefined);
    throw error;
  }
}
