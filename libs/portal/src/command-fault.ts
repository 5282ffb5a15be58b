import { Fault, type FaultOptions } from './fault';
import type { FaultCode } from './fault-table';

/** Codes whose sentence is about the token, the user who granted access, the plan or the portal as a whole. */
const aboutGrant: ReadonlySet<FaultCode> = new Set([
  'reauthorization_required',
  'portal_payment_required',
  'portal_uninstalled',
  'portal_deleted',
]);
const aboutUser = /^(?:invalid_credentials|authorization_error|user_access_error)$/i;

/**
 * Whether the portal's refusal of a command would, if true, hold for every command of the portal. It is believed when a
 * command of the gateway's own meets such a refusal too (docs/decisions/0022).
 */
export function concernsGrant({ code, haltMs, upstream }: Fault): boolean {
  return upstream !== undefined && (aboutGrant.has(code) || haltMs !== undefined);
}

/** The same refusal where it concerns nothing but its own command: nothing is retried, stored or stopped for it. */
export function asCommandFault({ code, upstream }: Fault): Fault {
  const own = (ownCode: FaultCode, detail: string) => {
    const options: FaultOptions = { detail, ...(upstream && { upstream }) };
    return new Fault(ownCode, options);
  };
  if (code === 'portal_payment_required')
    return own(code, "The portal's Bitrix24 plan does not include this method; other methods can be called.");
  if (code === 'portal_overloaded')
    return own(code, 'The portal refused this method before running it, and takes other calls; try again later.');
  if (aboutUser.test(upstream?.error ?? ''))
    return own(
      'access_denied',
      'The portal refuses this method to the user who granted access, and takes other calls; `upstream` has its words.',
    );
  return own('rejected_by_portal', 'The portal refuses this call, and takes others; `upstream` has its words.');
}
