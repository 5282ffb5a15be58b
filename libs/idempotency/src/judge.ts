import { type Fault, type FaultCode, faultTable } from '@b24/portal';

/**
 * What a failed write came to.
 * refused: the portal pronounced on this very write, and sent again it would be told the same, or be done twice. not_done: nothing was done, for a reason
 * that may pass. lost: it may have been carried out.
 */
export type Verdict = 'refused' | 'not_done' | 'lost';

/** The portal said them of the grant or the plan, not of the write; once mended, the same write must run. */
const mendable: readonly FaultCode[] = [
  'portal_payment_required',
  'insufficient_scope',
  'reauthorization_required',
  'portal_deleted',
  'portal_uninstalled',
];

export function judge(fault: Fault): Verdict {
  const { retry } = faultTable[fault.code];
  // Only what was certainly not carried out carries `again`.
  if (fault.again) return 'not_done';
  // It was carried out, and only its answer could not be read.
  if (fault.code === 'answer_too_large') return 'refused';
  if (retry === 'unsafe') return wasTurnedAway(fault) ? 'not_done' : 'lost';
  return retry === 'never' && fault.upstream && !mendable.includes(fault.code) ? 'refused' : 'not_done';
}

/** A redirected call is not run, nor is one that did not come over HTTPS. */
function wasTurnedAway({ code, upstream }: Fault): boolean {
  if (code !== 'portal_error' || !upstream) return false;
  return (upstream.status >= 300 && upstream.status < 400) || upstream.error.toUpperCase() === 'INVALID_REQUEST';
}

/**
 * For how long, in milliseconds, the portal may still carry out a write that was lost so. A portal that answered in its
 * own words, or in words we could not read, has ended the call; a cut connection, or a page of the portal's front end,
 * has not.
 */
export function mayRunForMs(fault: Fault, callLimitMs: number): number {
  if (fault.mayRunForMs !== undefined) return fault.mayRunForMs;
  const answered = fault.code === 'portal_error' && fault.upstream?.error !== '';
  return answered ? 0 : callLimitMs;
}
