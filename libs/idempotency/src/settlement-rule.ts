import type { Command, FaultCode } from '@b24/portal';

/**
 * How the outcome of a write is settled when its answer is lost (docs/bitrix24-rules.md#scrum). `advice` tells the caller
 * what to do when it can't be.
 */
export type SettlementRule<T> = UniqueRule<T> | StateRule<T> | RepeatableRule | RemovalRule | UnsettledRule;

/** At most one can exist: `lookUp` reads it, and the portal refuses a second one. */
export interface UniqueRule<T> {
  readonly kind: 'unique';
  readonly lookUp: Command;
  isAsSent(found: T): boolean;
  /** The fault of `lookUp` when there is none. */
  readonly absentCode: FaultCode;
  /** The fault of a second attempt. */
  readonly conflictCode: FaultCode;
  readonly advice: string;
}

/** A transition between two states: `lookUp` reads the state, and the portal refuses the transition from the second one. */
export interface StateRule<T> {
  readonly kind: 'state';
  readonly lookUp: Command;
  isAsSent(found: T): boolean;
  /** Whether it is still in the first state. */
  isBefore(found: T): boolean;
  /** The fault of a second attempt. */
  readonly conflictCode: FaultCode;
  readonly advice: string;
}

/** The last write wins: sending it again changes nothing more. */
export interface RepeatableRule {
  readonly kind: 'repeatable';
  readonly advice: string;
}

/** A deletion. Ids are never reused, so sending it again finds nothing if the first one worked. */
export interface RemovalRule {
  readonly kind: 'removal';
  /** The portal reports success even when the deletion failed, so a second one must confirm it. */
  readonly hidesFailure: boolean;
  readonly goneCode: FaultCode;
  /** The fault that proves that it still exists. */
  readonly blockedCode?: FaultCode;
  readonly advice: string;
}

/** Nothing identifies its result, and sending it again would repeat it: it is sent once. */
export interface UnsettledRule {
  readonly kind: 'unsettled';
  readonly advice: string;
}
