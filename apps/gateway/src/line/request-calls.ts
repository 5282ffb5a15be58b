import type { PortalId } from '@b24/portal';

/** The calls that one request makes, for its log line and the call log. */
export class RequestCalls {
  /** The portal and the method of the first call. */
  portal: PortalId | undefined;
  method: string | undefined;
  count = 0;

  /** @param operation its id in openapi.json; set when the operation starts */
  constructor(public operation?: string) {}

  add(portal: PortalId, method: string): void {
    if (this.count++ > 0) return;
    this.portal = portal;
    this.method = method;
  }
}
