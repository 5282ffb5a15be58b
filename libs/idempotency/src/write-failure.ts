import { type Fault, type FaultCode, faultTable } from '@b24/portal';

/**
 * The outcome of a failed write.
 * refused: the portal decided about this write; sending it again gives the same answer or does it twice.
 * not_done: it was not executed, for a reason that may pass.
 * lost: it may have been executed.
 */
export type WriteFailureKind = 'refused' | 'not_done' | 'lost';

/** These concern the grant or the plan, not the write. Once they are resolved the same write must run. */
const retriableOncePortalWorks: readonly FaultCode[] = [
  'portal_payment_required',
  'insufficient_scope',
  'reauthorization_required',
  'portal_deleted',
  'portal_uninstalled',
];

export function classifyWriteFailure(fault: Fault): WriteFailureKind {
  const { retry } = faultTable[fault.code];
  // Only a fault of a request that was certainly not executed has a retry reason.
  if (fault.retryReason) return 'not_done';
  // The write was executed; only its answer could not be read.
  if (fault.code === 'answer_too_large') return 'refused';
  if (retry === 'unsafe') return wasNotExecuted(fault) ? 'not_done' : 'lost';
  return retry === 'never' && fault.upstream && !retriableOncePortalWorks.includes(fault.code) ? 'refused' : 'not_done';
}

/** The portal does not execute a redirected call, nor one that did not come over HTTPS. */
function wasNotExecuted({ code, upstream }: Fault): boolean {
  if (code !== 'portal_error' || !upstream) return false;
  return (upstream.status >= 300 && upstream.status < 400) || upstream.error.toUpperCase() === 'INVALID_REQUEST';
}

/**
 * Returns how long, in milliseconds, the portal may still execute a lost write. A portal that answered, even unreadably,
 * has ended the call. A cut connection or an error page of the portal's front end proves nothing.
 */
export function mayRunForMs(fault: Fault, callLimitMs: number): number {
  if (fault.mayRunForMs !== undefined) return fault.mayRunForMs;
  const wasAnswered = fault.code === 'portal_error' && fault.upstream?.error !== '';
  return wasAnswered ? 0 : callLimitMs;
}
