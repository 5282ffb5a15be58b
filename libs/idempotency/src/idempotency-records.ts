import type { Secret } from '@b24/portal';
import type { UnknownOutcome } from './settle-write';

/** A write with an idempotency key, and the attempt that wants to run it. */
export interface IdempotentWrite {
  /** The id of the client whose write it is. */
  readonly client: string;
  /** Id of the record: a hash of the client's id and the idempotency key. */
  readonly name: string;
  /** Hash of the request, which detects a key that is reused for a different request. */
  readonly fingerprint: string;
  /** Unique id of this attempt. */
  readonly holder: string;
}

/** acquired: this attempt may run the write while it renews its lease. in_progress: another attempt holds the lease. */
export type AcquireResult =
  | { readonly kind: 'acquired'; readonly unknownOutcome?: UnknownOutcome }
  | { readonly kind: 'in_progress' }
  | { readonly kind: 'answered'; readonly answer: Secret }
  | { readonly kind: 'different_request' };

/**
 * The store of idempotency records: one for each write, kept for 24 hours. Every method throws Fault `store_unavailable`
 * when the store is away. Calls of a holder whose lease was taken over change nothing.
 * test/e2e/idempotency.e2e.spec.ts states the behaviour in full.
 */
export interface IdempotencyRecords {
  /** Acquires the record. A record whose holder let its lease expire is acquired with an unknown outcome. */
  acquire(write: IdempotentWrite): Promise<AcquireResult>;
  /** Extends the lease. Returns false when another attempt has taken the record over. */
  renew(write: IdempotentWrite): Promise<boolean>;
  /** Stores the answer for replay and ends the lease. */
  complete(write: IdempotentWrite, answer: Secret): Promise<void>;
  /** Ends the lease with an unknown outcome. */
  markUnknown(write: IdempotentWrite, outcome: UnknownOutcome): Promise<void>;
  /**
   * Ends an attempt that sent nothing. An unknown outcome from an earlier attempt stays.
   * Returns true when the record is gone.
   */
  release(write: IdempotentWrite): Promise<boolean>;
}
