import type { Fault } from './fault';

/** Where the time of one call went, in milliseconds. */
export interface CallTiming {
  readonly queueMs: number;
  readonly upstreamMs: number;
  /** How long the portal says it ran the command; absent if it does not say. */
  readonly ranMs?: number;
}

/** The request that carried a command to the portal, and the portal's rate limit after it was sent. */
export interface RequestInfo {
  /** Commands in the request. */
  readonly commands: number;
  /** Requests that may be sent at once, out of `capacity`; negative while the queue backs off. */
  readonly left: number;
  readonly capacity: number;
  readonly drainPerSecond: number;
}

/** The operating time that a method has used on a portal, as the vendor last reported it. */
export interface Operating {
  readonly usedSeconds: number;
  /** When the oldest counted minute leaves the sum, unix milliseconds. */
  readonly resetAtMs?: number;
}

/** The answer to a command that the portal ran. */
export interface Result {
  readonly ok: true;
  readonly value: unknown;
  /** Set if the response had no `result`: `value` then holds the whole response except its `time`. */
  readonly whole?: true;
  /** The whole response; absent for a command of a shared request. */
  readonly envelope?: Readonly<Record<string, unknown>>;
  /** Set if the portal repeated the answer to an earlier call with the same idempotency key. */
  readonly replayed?: true;
  readonly total?: number;
  readonly next?: number;
  readonly operating?: Operating;
  /** The operating time of the method `batch`, if the command was sent in one. */
  readonly batchOperating?: Operating;
  readonly timing: CallTiming;
  /** The vendor's `time` object of this command, as received; absent if there was none. */
  readonly time?: Readonly<Record<string, unknown>>;
  /** For a caller's own batch: the answer to each command inside. Commands that did not run have the retry reason `not_run`. */
  readonly inside?: readonly Answer[];
  readonly request?: RequestInfo;
  /** The `traceparent` of the request, if requests are traced. */
  readonly trace?: string;
}

/** The answer to a command that the portal refused. Other commands of the same request may have succeeded. */
export interface FailedAnswer {
  readonly ok: false;
  readonly fault: Fault;
  readonly operating?: Operating;
  readonly batchOperating?: Operating;
  readonly timing: CallTiming;
  readonly request?: RequestInfo;
  /** The `traceparent` of the request, if requests are traced. */
  readonly trace?: string;
}

export type Answer = Result | FailedAnswer;
