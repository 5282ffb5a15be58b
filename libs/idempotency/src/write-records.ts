import type { Secret } from '@b24/portal';
import type { Doubt } from './settlement';

/** One attempt at a write that has an idempotency key. */
export interface Claim {
  /** The id of the client whose write it is. */
  readonly client: string;
  /** Names the write: a hash of whose it is and of its key. */
  readonly name: string;
  /** A hash of what is asked, to tell when a key is used for something else. */
  readonly fingerprint: string;
  /** Names this attempt. */
  readonly holder: string;
}

/** taken: ours to run, for as long as the lease is renewed. running: another runs it. */
export type Taken =
  | { readonly kind: 'taken'; readonly doubt?: Doubt }
  | { readonly kind: 'running' }
  | { readonly kind: 'answered'; readonly answer: Secret }
  | { readonly kind: 'other_request' };

/**
 * Where it is kept what became of writes, for 24 hours each. Every method throws Fault `store_unavailable` when it can't
 * be asked. What a holder does after its lease was taken over changes nothing.
 * test/e2e/idempotency.e2e.spec.ts says the rest.
 */
export interface WriteRecords {
  /** A write left by a holder whose lease has ended is taken over in doubt. */
  take(claim: Claim): Promise<Taken>;
  /** False when another has taken it over. */
  renew(claim: Claim): Promise<boolean>;
  /** Keeps the answer for those who ask again. */
  answer(claim: Claim, answer: Secret): Promise<void>;
  /** Ends the attempt without knowing what it came to; what it sent may run for so long. */
  doubt(claim: Claim, doubt: Doubt): Promise<void>;
  /**
   * Ends the attempt, which did nothing: the next one runs as if it had not been, save for a doubt it began with.
   * Returns whether nothing is kept of the write any more.
   */
  free(claim: Claim): Promise<boolean>;
}
