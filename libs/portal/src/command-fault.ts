import { Fault, type FaultOptions } from './fault';
import type { FaultCode } from './fault-table';

/** Codes that concern the token, the user who granted access, the plan or the whole portal. */
const aboutGrant: ReadonlySet<FaultCode> = new Set([
  'reauthorization_required',
  'portal_payment_required',
  'portal_uninstalled',
  'portal_deleted',
]);
const aboutUser = /^(?:invalid_credentials|authorization_error|user_access_error)$/i;

/**
 * Returns whether the portal's error, if true, would hold for every command of the portal. The gateway acts on it only
 * when a command of its own gets such an error too (docs/decisions/0022).
 */
export function concernsGrant({ code, haltMs, upstream }: Fault): boolean {
  return upstream !== undefined && (aboutGrant.has(code) || haltMs !== undefined);
}

/** Returns the error as one that concerns only its command: nothing is retried, stored or stopped because of it. */
export function asCommandFault({ code, upstream }: Fault): Fault {
  const own = (ownCode: FaultCode, detail: string) => {
    const options: FaultOptions = { detail, ...(upstream && { upstream }) };
    return new Fault(ownCode, options);
  };
  if (code === 'portal_payment_required')
    return own(code, "The portal's Bitrix24 plan does not include this method; other methods can be called.");
  if (code === 'portal_overloaded')
    return own(code, 'The portal refused this method before running it, but accepts other calls; retry later.');
  if (aboutUser.test(upstream?.error ?? ''))
    return own(
      'access_denied',
      'The portal refuses this method to the user who granted access, but accepts other calls; `upstream` has its error.',
    );
  return own('rejected_by_portal', 'The portal refuses this call, but accepts others; `upstream` has its error.');
}
