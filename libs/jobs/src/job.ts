import type { FaultCode, Secret } from '@b24/portal';

/** queued: nobody runs it just now. done: every item has its outcome, good or bad. failed: it could not go on. */
export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

/** Work that goes on without its caller: many items, each with an outcome of its own. */
export interface Job {
  readonly id: string;
  /** The client whose key made it, by whose rights it runs. */
  readonly client: string;
  /** What it does, as `fan-out`. */
  readonly kind: string;
  readonly state: JobState;
  readonly total: number;
  /** Items that have their outcome, and how many of them failed. */
  readonly done: number;
  readonly failed: number;
  readonly createdAtMs: number;
  readonly startedAtMs?: number;
  readonly finishedAtMs?: number;
  /** Why it failed. */
  readonly problem?: { readonly code: FaultCode; readonly detail: string };
  /** Of its message that it is finished. */
  readonly callback?: 'due' | 'delivered' | 'given_up';
}

export interface NewJob {
  readonly id: string;
  readonly client: string;
  readonly kind: string;
  readonly total: number;
  /** Of what it is to do, to tell when its id is used for something else. */
  readonly fingerprint: string;
  /** What its kind needs to do it; JSON. */
  readonly payload: unknown;
  readonly callback?: JobCallback;
  /** What its results take at least, however little room there is for more. */
  readonly reservedBytes: number;
}

/** Where it is told that the job is finished, and what signs that. */
export interface JobCallback {
  readonly url: string;
  readonly secret: Secret;
}

/** What an item came to: a line of JSON, and a code for the count. */
export interface ItemOutcome {
  readonly line: object;
  readonly code: 'ok' | FaultCode;
  /** Nothing behind it may be sent: it would overtake what may still run, or meet the same. */
  readonly forbidsMore?: boolean;
}

/** A job's items, by their index. */
export interface JobWork<By> {
  /** One after the other; several at once when absent. */
  readonly inOrder?: boolean;
  effectOf(index: number): 'read' | 'write';
  /** Carries one out. Never rejects. */
  perform(index: number, by: By, signal: AbortSignal): Promise<ItemOutcome>;
  /** What is told of one that was not carried out for this reason, or of which that is not known. */
  failed(index: number, code: FaultCode, detail?: string): ItemOutcome;
  /** An earlier run came to an outcome behind which nothing may be sent. */
  forbidMore?(): void;
}

/** Finds the work in what was kept of it. */
export type JobKind<By> = (payload: unknown) => JobWork<By>;
