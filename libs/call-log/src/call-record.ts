import type { FaultCode, PortalId } from '@b24/portal';

/** A call that has ended. It holds no parameter, no token and no result. */
export interface CallRecord {
  /** When it ended, unix milliseconds. */
  readonly atMs: number;
  /** The client's id. */
  readonly client: string;
  readonly clientName: string;
  readonly portal: PortalId;
  readonly method: string;
  /** The operation's id in openapi.json. Absent for the gateway's own calls. */
  readonly operation?: string | undefined;
  readonly outcome: 'ok' | FaultCode;
  readonly requestId?: string | undefined;
  /** From its arrival at the line to its end. */
  readonly tookMs: number;
  /** How long it waited until it was sent for the last time. */
  readonly queueMs: number;
  /** How long the portal took, or how long the gateway waited for an answer that did not come. */
  readonly upstreamMs: number;
  /** Commands in the request that carried it; 0 if it was not sent. */
  readonly commands: number;
  /** How often the gateway sent it once more. */
  readonly retries: number;
  /** The code of the portal's error. */
  readonly error?: string | undefined;
  /** The description of the portal's error, without secrets. */
  readonly description?: string | undefined;
}

/** A call in the log. */
export interface LoggedCall extends CallRecord {
  /** The block and the position in it. */
  readonly id: string;
}
