import { Fault } from '@b24/portal';

export interface QueueLoad {
  /** Calls that wait for the portal on this replica. */
  readonly waiting: number;
  /** The waiting calls of the refused client. */
  readonly ofClient: number;
  readonly sentPerSecond: number;
  readonly maxRetryAfterMs: number;
}

/**
 * Returns the fault for a call that the queue has no slot for. Its Retry-After is when half of the queue will be sent, but
 * at least 1 s, and no longer than any call waits.
 */
export function queueFullFault({ waiting, ofClient, sentPerSecond, maxRetryAfterMs }: QueueLoad): Fault {
  const halfSentMs = (waiting / 2 / sentPerSecond) * 1000;
  return new Fault('queue_full', {
    detail: `${waiting} calls wait for this portal, ${ofClient} of them from this client; about ${Math.round(sentPerSecond)} are sent per second. This call was not sent; retry after Retry-After.`,
    retryAfterMs: Math.max(1000, Math.min(halfSentMs, maxRetryAfterMs)),
  });
}
