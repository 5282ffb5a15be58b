import type { RateLimiter, Plan } from '@b24/queue';
import { type PortalId, unlessAborted } from '@b24/portal';

/**
 * Acquires a permit for one request of the gateway's own. Resolves with the function that settles it. A permit that is
 * granted after the signal aborted is refunded. @throws Fault store_unavailable, or the signal's reason
 */
export async function acquirePermit(
  rateLimiter: RateLimiter,
  portal: PortalId,
  plan: Plan,
  signal: AbortSignal,
): Promise<() => void> {
  const acquired = rateLimiter.acquire(portal, plan);
  try {
    const permit = await unlessAborted(acquired, signal);
    return () => {
      permit.settle();
    };
  } catch (error) {
    void acquired.then((permit) => permit.refund()).catch(() => undefined);
    throw error;
  }
}
