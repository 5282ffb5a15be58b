import { type RetryReason, asFault, Fault } from '@b24/portal';

/**
 * Delays before each retry of a call that certainly did not run or only reads, in milliseconds, by reason. A retry goes
 * through the queue, because it costs a permit like the first attempt (docs/decisions/0002).
 */
const retryDelaysMs: Record<RetryReason, readonly number[]> = {
  // The refused token is refreshed before the next request. If a fresh token is refused too, a retry does not help.
  token_refused: [0],
  // Another user's token pair replaces the refused one, as long as there is one.
  user_refused: [0, 0, 0],
  // Sent to the host that the portal was renamed to.
  moved: [0, 0],
  // The queue backs off for all calls, so a retry only waits in it.
  bucket_full: Array.from({ length: 20 }, () => 0),
  transient_error: [500, 1000, 2000],
  // Calls of a batch are sent by themselves.
  batch_spent: [0],
  not_run: [0, 0, 0],
  alone: [0],
  reads_alone: [0],
  read_lost: [250],
};

/** Returns the delay before the next retry, ms; undefined if the call is not retried. */
export function retryDelayMs(reason: RetryReason, retriesBefore: number): number | undefined {
  return retryDelaysMs[reason][retriesBefore];
}

/** Returns the fault for a write whose part of a batch's answer is unknown. An answer that is too large may hold it. */
export function lostInBatch(fault: Fault): Fault {
  if (fault.code !== 'answer_too_large') return fault.final();
  return new Fault('outcome_unknown', {
    detail: 'The answers of the batch that carried this write were too large to read; the portal may have run it.',
  });
}

/** Retry reasons that concern the grant: a request that was prepared before would be refused for the same. */
export const grantReasons: ReadonlySet<RetryReason> = new Set(['token_refused', 'user_refused', 'moved']);

/** Returns the fault for a caller that gives up after its call was sent: a passed deadline leaves the outcome unknown. */
export function afterSending(reason: unknown): Fault {
  const fault = asFault(reason);
  return fault.code === 'deadline_exceeded' ? new Fault('outcome_unknown') : fault;
}
