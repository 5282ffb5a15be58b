import type { FaultCode, PortalId } from '@b24/portal';

/** An action of an identified actor. It holds ids, numbers, codes and the name of an assistant, but no secret and no user's text. */
export interface AuditEntry {
  /** Unix milliseconds. */
  readonly atMs: number;
  /** The id of a client or a person; `admin` for the operator's key; or the source of a portal's message: `portal event`, `portal page`, `authorization`. */
  readonly actor: string;
  /** Its name. */
  readonly name?: string;
  /** The operation's id in openapi.json, or `installPortal`, `uninstallPortal`, `signIn`, `signOut`, `connectAssistant`. */
  readonly action: string;
  readonly portal?: PortalId;
  readonly status: number;
  readonly outcome: 'done' | FaultCode;
  readonly requestId: string;
  /** The caller's IPv4 address or IPv6 network. Absent when the gateway acted by itself. */
  readonly source?: string;
  readonly ids?: Readonly<Record<string, number | string | boolean>>;
}

/** An entry in the log. A connection that fails during the write may store it twice under the same id. */
export interface StoredAuditEntry extends AuditEntry {
  readonly id: string;
}
