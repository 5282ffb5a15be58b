import type { Fault } from './fault';

/** Where a command's time went, in milliseconds. */
export interface Spent {
  readonly queueMs: number;
  readonly upstreamMs: number;
  /** What the portal says it took to run this command; absent when it did not say. */
  readonly ranMs?: number;
}

/** How a command got to the portal. */
export interface Trip {
  /** Commands that shared the request. */
  readonly seats: number;
  /** Requests that may leave for this portal right now, of so many in a full burst. */
  readonly left: number;
  readonly capacity: number;
  readonly drainPerSecond: number;
}

/** What the method has used of its operating time on this portal, as the vendor last reported it. */
export interface Operating {
  readonly usedSeconds: number;
  /** When the oldest counted minute leaves the sum, unix milliseconds. */
  readonly resetAtMs?: number;
}

/** The portal ran the command. */
export interface Result {
  readonly ok: true;
  readonly value: unknown;
  /** The answer had no `result`: `value` is all of it but its `time`. */
  readonly whole?: true;
  readonly total?: number;
  readonly next?: number;
  readonly operating?: Operating;
  /** The same of the method `batch`, where the command travelled in one. */
  readonly batchOperating?: Operating;
  readonly spent: Spent;
  /** The portal's own clock of this command, in its own words; absent when it did not tell. */
  readonly time?: Readonly<Record<string, unknown>>;
  /** Of a caller's own batch: answer i belongs to command i inside. What was not run is a refusal with `again: 'not_run'`. */
  readonly inside?: readonly Answer[];
  readonly trip?: Trip;
  /** The `traceparent` of the trip, where trips are traced. */
  readonly trace?: string;
}

/** The portal refused this command; others of the same trip may have succeeded. */
export interface Refusal {
  readonly ok: false;
  readonly fault: Fault;
  readonly operating?: Operating;
  readonly batchOperating?: Operating;
  readonly spent: Spent;
  readonly trip?: Trip;
  /** The `traceparent` of the trip, where trips are traced. */
  readonly trace?: string;
}

export type Answer = Result | Refusal;
