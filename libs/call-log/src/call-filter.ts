import type { FaultCode, PortalId } from '@b24/portal';
import type { CallRecord } from './call-record';
import type { AnyTerm } from './call-store';
import { terms } from './call-terms';

export interface CallFilter {
  readonly client?: string;
  readonly portal?: PortalId;
  /** Case does not matter. */
  readonly method?: string;
  readonly outcome?: 'ok' | FaultCode;
  /** Only calls that failed. */
  readonly failed?: boolean;
  readonly requestId?: string;
  /** From this time on, unix milliseconds. */
  readonly sinceMs?: number;
  /** Before this time, unix milliseconds. */
  readonly untilMs?: number;
  /** The portals that the reader may see; all if absent. */
  readonly among?: readonly PortalId[];
}

/** Terms of more portals than this are not looked up: most blocks hold one of them. */
const maxPortalTerms = 20;

export function matchesFilter(call: CallRecord, filter: CallFilter): boolean {
  const { client, portal, method, outcome, requestId, failed, sinceMs = 0, untilMs = Infinity, among } = filter;
  const isSame = (wanted: string | undefined, value: string | undefined) => wanted === undefined || wanted === value;
  return (
    call.atMs >= sinceMs &&
    call.atMs < untilMs &&
    isSame(requestId, call.requestId) &&
    isSame(client, call.client) &&
    isSame(portal, call.portal) &&
    isSame(outcome, call.outcome) &&
    isSame(method?.toLowerCase(), call.method.toLowerCase()) &&
    (failed !== true || call.outcome !== 'ok') &&
    (among?.includes(call.portal) ?? true)
  );
}

/** Returns what a block must hold to have a call that matches. */
export function termsOfFilter(filter: CallFilter): AnyTerm[] {
  const { client, portal, method, outcome, failed, requestId, among } = filter;
  if (requestId !== undefined) return [[terms.requestId(requestId)]];
  const wanted: AnyTerm[] = [];
  if (client !== undefined && portal !== undefined) wanted.push([terms.clientAtPortal(client, portal)]);
  else if (client !== undefined) wanted.push([terms.client(client)]);
  else if (portal !== undefined) wanted.push([terms.portal(portal)]);
  if (portal === undefined && among && among.length <= maxPortalTerms) wanted.push(among.map(terms.portal));
  if (method !== undefined) wanted.push([terms.method(method)]);
  if (outcome !== undefined) wanted.push([terms.outcome(outcome)]);
  else if (failed === true) wanted.push([terms.failed()]);
  return wanted;
}
