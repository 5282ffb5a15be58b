import type { FaultCode, PortalId } from '@b24/portal';

/** What somebody known did, or tried to do. Holds ids, numbers and codes; never a secret nor a text of a user's. */
export interface AuditEntry {
  /** Unix milliseconds. */
  readonly atMs: number;
  /** A client's id, `admin` for the operator's key, or how a portal spoke: `portal event`, `portal page`, `authorization`. */
  readonly actor: string;
  /** The client's name. */
  readonly name?: string;
  /** The operation's id in openapi.json, or `installPortal`, `uninstallPortal`, `signIn`. */
  readonly action: string;
  readonly portal?: PortalId;
  readonly status: number;
  readonly outcome: 'done' | FaultCode;
  readonly requestId: string;
  /** The address that it came from, or its IPv6 network; absent where the gateway acted by itself. */
  readonly source?: string;
  readonly ids?: Readonly<Record<string, number | string | boolean>>;
}

/** An entry as it is kept. It may be kept twice when Redis fell silent while it was written: under one id. */
export interface KeptEntry extends AuditEntry {
  readonly id: string;
}
