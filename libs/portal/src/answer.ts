import type { Fault } from './fault';

/** Where a command's time went, in milliseconds. */
export interface Spent {
  readonly queueMs: number;
  readonly upstreamMs: number;
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
  readonly total?: number;
  readonly next?: number;
  readonly operating?: Operating;
  readonly spent: Spent;
}

/** The portal refused this command; others of the same trip may have succeeded. */
export interface Refusal {
  readonly ok: false;
  readonly fault: Fault;
  readonly operating?: Operating;
  readonly spent: Spent;
}

export type Answer = Result | Refusal;
