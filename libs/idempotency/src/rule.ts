import type { Command, FaultCode } from '@b24/portal';

/**
 * What is known of a write whose answer was lost (docs/bitrix24-rules.md#scrum); `advice` is for a caller when even
 * they can't tell.
 */
export type Rule<T> = Unique<T> | State<T> | Repeatable | Removal | Unsettled;

/** There can be only one of it: `look` shows the one there is, and a second one is refused. */
export interface Unique<T> {
  readonly kind: 'unique';
  readonly look: Command;
  isAsSent(found: T): boolean;
  /** What looking says when there is none. */
  readonly absent: FaultCode;
  /** What a second one is told. */
  readonly taken: FaultCode;
  readonly advice: string;
}

/** It leads from one state to the next: `look` shows which it is, and from the next it does not lead any further. */
export interface State<T> {
  readonly kind: 'state';
  readonly look: Command;
  isAsSent(found: T): boolean;
  /** Still in the state from which it leads. */
  isBefore(found: T): boolean;
  /** What a second one is told. */
  readonly taken: FaultCode;
  readonly advice: string;
}

/** The last write wins: sent again it changes nothing more. */
export interface Repeatable {
  readonly kind: 'repeatable';
  readonly advice: string;
}

/** Ids are not used again: sent again it finds nothing, if it worked before. */
export interface Removal {
  readonly kind: 'removal';
  /** A success is told also when it silently failed, so that one more must confirm it. */
  readonly mute: boolean;
  readonly gone: FaultCode;
  /** What says that it is still there. */
  readonly kept?: FaultCode;
  readonly advice: string;
}

/** Nothing tells it from its like, and sent again it would be done twice: it is sent once, whatever comes of it. */
export interface Unsettled {
  readonly kind: 'unsettled';
  readonly advice: string;
}
