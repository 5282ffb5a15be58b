import type { Command, FaultCode } from '@b24/portal';

/** What the vendor's rules say of a write whose answer was lost; `advice` is for a caller when even they can't tell. */
export type Rule<T> = Unique<T> | Repeatable | Removal;

/** There can be only one of it: `look` shows the one there is, and a second one is refused. */
export interface Unique<T> {
  readonly kind: 'unique';
  readonly look: Command;
  readonly isAsSent: (found: T) => boolean;
  /** What looking says when there is none. */
  readonly absent: FaultCode;
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
  readonly gone: FaultCode;
  /** What says that it is still there. */
  readonly kept: FaultCode;
  readonly advice: string;
}
