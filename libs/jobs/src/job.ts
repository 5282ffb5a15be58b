import type { FaultCode, Secret } from '@b24/portal';

/**
 * queued: no replica runs it at the moment. done: every item has an outcome, good or bad. failed: it could not
 * continue.
 */
export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

/** Work that continues after its caller has an answer: many items, each with an outcome of its own. */
export interface Job {
  readonly id: string;
  /** The client that created it. The job runs with that client's rights. */
  readonly client: string;
  /** The name of the client when it created the job. */
  readonly clientName?: string;
  /** What it does, in words for people. Absent for a job of an earlier version. */
  readonly title?: string;
  /** The job whose items it retries. */
  readonly retryOf?: string;
  /** The kind of work, for example `fan-out`. */
  readonly kind: string;
  /** The request that created it; its calls are logged under this id. */
  readonly requestId?: string;
  readonly state: JobState;
  readonly total: number;
  /** The number of items that have an outcome, and how many of these failed. */
  readonly done: number;
  readonly failed: number;
  /** The number of failed items by code. */
  readonly failedByCode: Readonly<Partial<Record<FaultCode, number>>>;
  readonly createdAtMs: number;
  readonly startedAtMs?: number;
  readonly finishedAtMs?: number;
  /** Why it failed. */
  readonly problem?: { readonly code: FaultCode; readonly detail: string };
  /** The state of the message that the job is finished. */
  readonly callback?: 'due' | 'delivered' | 'given_up';
}

export interface NewJob {
  readonly id: string;
  readonly client: string;
  readonly clientName: string;
  readonly kind: string;
  readonly requestId?: string;
  /** What it does, in words for people; ids and names, but nothing secret. */
  readonly title: string;
  readonly retryOf?: string;
  readonly total: number;
  /** A fingerprint of the request, to detect that its id is reused for another one. */
  readonly fingerprint: string;
  /** The input of its kind, as JSON. */
  readonly payload: unknown;
  readonly callback?: JobCallback;
  /** Bytes reserved for its smallest possible results. */
  readonly reservedBytes: number;
}

/** The URL that receives the message that the job is finished, and the secret that signs it. */
export interface JobCallback {
  readonly url: string;
  readonly secret: Secret;
}

/** The outcome of an item: a JSON line, and a code for the count. */
export interface ItemOutcome {
  readonly line: object;
  readonly code: 'ok' | FaultCode;
  /** No later item may be sent: it would overtake a command that may still run, or fail in the same way. */
  readonly forbidsMore?: boolean;
}

/** The items of a job, by index. */
export interface JobWork<By> {
  /** Whether items run one after the other. Several run at once if absent. */
  readonly inOrder?: boolean;
  effectOf(index: number): 'read' | 'write';
  /** Executes an item. Never rejects. */
  perform(index: number, by: By, signal: AbortSignal): Promise<ItemOutcome>;
  /** Returns the outcome of an item that was not executed, or whose outcome is unknown. */
  failed(index: number, code: FaultCode, detail?: string): ItemOutcome;
  /** Called if an outcome of an earlier run forbids sending more items. */
  forbidMore?(): void;
}

/** Makes the work of a job from its payload. */
export type JobKind<By> = (payload: unknown) => JobWork<By>;
