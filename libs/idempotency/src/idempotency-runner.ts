import { setMaxListeners } from 'node:events';
import {
  asFault,
  type Clock,
  Fault,
  sealedBytes,
  Secret,
  sleep,
  type StorageBudget,
  type StorageCharge,
  unlessAborted,
} from '@b24/portal';
import { heartbeat } from '@b24/redis';
import { classifyWriteFailure, mayRunForMs } from './write-failure';
import type { UnknownOutcome } from './settle-write';
import type { IdempotentWrite, AcquireResult, IdempotencyRecords } from './idempotency-records';

/** The HTTP answer of a write, as the first caller and every replay get it. */
export interface WriteAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The stored form of an answer: the whole answer, or its status and headers with the reason why the body is missing. */
export type RecordedAnswer =
  WriteAnswer | (Omit<WriteAnswer, 'body'> & { readonly notStored: 'too_large' | 'budget_spent' });

/** How long a caller waits for its write. */
export interface CallerWait {
  /** Aborts when the deadline passes or the caller hangs up. */
  readonly signal: AbortSignal;
  readonly deadlineAtMs: number;
}

/** The conditions under which one attempt at a write runs. */
export interface WriteAttempt {
  /**
   * Aborts when the deadline passes or another attempt has taken over. It does not abort when the caller hangs up,
   * because a retry with the same key still needs the answer.
   */
  readonly signal: AbortSignal;
  readonly unknownOutcome?: UnknownOutcome;
}

export interface IdempotencyRunnerOptions {
  readonly records: IdempotencyRecords;
  readonly storage: StorageBudget;
  readonly clock: Clock;
  readonly callLimitMs: number;
  /** Must be shorter than the lease by more than the longest silence of the store. */
  readonly renewEveryMs: number;
}

/** Size limit of a stored answer, as JSON. */
export const maxAnswerBytes = 256 * 1024;
/** Bytes charged for a record that holds no answer body. */
export const recordBytes = 768;
/** A write starts only while the client's budget has room for its record and the largest answer that is stored. */
const reservedBytes = recordBytes + sealedBytes(maxAnswerBytes);
const firstPollMs = 20;
const maxPollMs = 400;
/**
 * Delay before an answer that could not be stored is stored again. It is short because a killed replica loses the answer.
 * The retries last about as long as a lease; after that another attempt may have taken the write over.
 */
const recordRetryMs = 250;
const maxRecordRetries = 40;

/** Runs a write with an idempotency key once, and replays its answer to every later request with that key. */
export class IdempotencyRunner {
  private readonly inProgress = new Set<Promise<unknown>>();

  constructor(private readonly options: IdempotencyRunnerOptions) {}

  /**
   * @param work returns an answer where the outcome is certain (the portal's refusals included) and throws a Fault
   * otherwise. At most one replica runs it at a time.
   * @param settles whether a later attempt can settle an unknown outcome
   * @throws Fault idempotency_conflict, storage_budget_spent, store_unavailable, or what the work threw
   */
  async run(
    write: IdempotentWrite,
    wait: CallerWait,
    work: (attempt: WriteAttempt) => Promise<WriteAnswer>,
    settles: boolean,
  ): Promise<{ answer: RecordedAnswer; replayed: boolean }> {
    const acquired = await this.acquire(write, wait.signal);
    if ('answer' in acquired) return { answer: JSON.parse(acquired.answer.reveal()) as RecordedAnswer, replayed: true };
    const charge = await this.chargeRecord(write, wait.signal);
    const run = this.runAcquired(write, wait.deadlineAtMs, acquired.unknownOutcome, work, settles, charge);
    this.track(run);
    return { answer: await run, replayed: false };
  }

  /** Resolves when no write is in progress. */
  async settle(): Promise<void> {
    while (this.inProgress.size > 0) await Promise.allSettled(this.inProgress);
  }

  private async acquire(
    write: IdempotentWrite,
    signal: AbortSignal,
  ): Promise<{ unknownOutcome?: UnknownOutcome } | { answer: Secret }> {
    for (let pollMs = firstPollMs; ; pollMs = Math.min(pollMs * 2, maxPollMs)) {
      const result = await this.acquireOnce(write, signal);
      if (result.kind === 'different_request') throw new Fault('idempotency_conflict');
      if (result.kind !== 'in_progress') return result;
      await sleep(this.options.clock, pollMs, signal).catch(() => {
        throw inProgressConflict();
      });
    }
  }

  /** Releases a record that the store grants only after the caller's deadline. */
  private async acquireOnce(write: IdempotentWrite, signal: AbortSignal): Promise<AcquireResult> {
    const { records } = this.options;
    const acquiring = records.acquire(write);
    return unlessAborted(acquiring, signal).catch((error: unknown) => {
      void acquiring
        .then(({ kind }) => (kind === 'acquired' ? records.release(write) : undefined))
        .catch(() => undefined);
      throw error;
    });
  }

  /** Charges the record to the client's storage budget. If the charge fails, releases the record, and nothing runs. */
  private async chargeRecord(write: IdempotentWrite, signal: AbortSignal): Promise<StorageCharge> {
    const { records, storage } = this.options;
    const charging = storage.charge(write.client, recordBytes, { room: reservedBytes });
    return unlessAborted(charging, signal).catch((error: unknown) => {
      this.track(records.release(write));
      void charging.then((charge) => storage.release(write.client, charge)).catch(() => undefined);
      throw error;
    });
  }

  private async runAcquired(
    write: IdempotentWrite,
    deadlineAtMs: number,
    unknownOutcome: UnknownOutcome | undefined,
    work: (attempt: WriteAttempt) => Promise<WriteAnswer>,
    settles: boolean,
    charge: StorageCharge,
  ): Promise<WriteAnswer> {
    const { clock } = this.options;
    const controller = new AbortController();
    setMaxListeners(0, controller.signal);
    const cancelDeadline = clock.after(deadlineAtMs - clock.now(), () => {
      controller.abort(new Fault('deadline_exceeded'));
    });
    const endLease = this.startLease(write, controller);
    try {
      const answer = await work({ signal: controller.signal, ...(unknownOutcome && { unknownOutcome }) });
      await this.waitUntilRecorded(this.recordAnswer(write, recordable(answer)), controller.signal);
      return answer;
    } catch (error) {
      throw await this.recordFailure(write, asFault(error), settles, controller.signal, charge);
    } finally {
      cancelDeadline();
      endLease();
    }
  }

  /** Renews the lease until the returned function is called. Aborts the attempt when another one has taken the lease. */
  private startLease(write: IdempotentWrite, controller: AbortController): () => void {
    const { clock, records, renewEveryMs } = this.options;
    const lost = () => {
      controller.abort(inProgressConflict());
    };
    return heartbeat({ clock, everyMs: renewEveryMs, renew: () => records.renew(write), lost });
  }

  /** Waits until the outcome is recorded, but no longer than the deadline: the caller gets its answer even while the store is silent. */
  private async waitUntilRecorded(recording: Promise<unknown>, signal: AbortSignal): Promise<void> {
    this.track(recording);
    await unlessAborted(recording, signal).catch(() => undefined);
  }

  private track(work: Promise<unknown>): void {
    this.inProgress.add(work);
    void work.catch(() => undefined).finally(() => this.inProgress.delete(work));
  }

  /** Records the answer; if the store is away, the caller is answered and the recording is retried in the background. */
  private async recordAnswer(write: IdempotentWrite, answer: RecordedAnswer): Promise<void> {
    await this.tryRecording(write, answer).catch(() => {
      this.track(this.retryRecording(write, answer));
    });
  }

  /** If every retry fails, the lease ends and the next attempt settles the outcome. */
  private async retryRecording(write: IdempotentWrite, answer: RecordedAnswer): Promise<void> {
    const { clock } = this.options;
    for (let tries = 0; tries < maxRecordRetries; tries++) {
      await sleep(clock, recordRetryMs);
      const isRecorded = await this.tryRecording(write, answer).then(
        () => true,
        () => false,
      );
      if (isRecorded) return;
    }
  }

  /** Records the answer without its body when other writes have used up the client's budget meanwhile. */
  private async tryRecording(write: IdempotentWrite, answer: RecordedAnswer): Promise<void> {
    const { records, storage } = this.options;
    const text = JSON.stringify(answer);
    if ('notStored' in answer) return records.complete(write, new Secret(text));
    const charge = await storage.charge(write.client, sealedBytes(Buffer.byteLength(text))).catch(unlessBudgetSpent);
    if (!charge) return this.tryRecording(write, withoutBody(answer, 'budget_spent'));
    await records.complete(write, new Secret(text)).catch((error: unknown) => {
      void storage.release(write.client, charge).catch(() => undefined);
      throw error;
    });
  }

  private async recordFailure(
    write: IdempotentWrite,
    fault: Fault,
    settles: boolean,
    signal: AbortSignal,
    charge: StorageCharge,
  ): Promise<Fault> {
    const { records, storage, callLimitMs } = this.options;
    if (classifyWriteFailure(fault) !== 'lost') {
      const released = records
        .release(write)
        .then((isGone) => (isGone ? storage.release(write.client, charge) : undefined));
      await this.waitUntilRecorded(released, signal);
      return fault;
    }
    const unknownOutcome = { mayRunForMs: mayRunForMs(fault, callLimitMs) };
    await this.waitUntilRecorded(records.markUnknown(write, unknownOutcome), signal);
    if (!settles) return fault;
    return fault.with({
      detail: `${fault.message} Or send the same request with the same Idempotency-Key after Retry-After: it is settled then.`,
      retryAfterMs: Math.max(1000, unknownOutcome.mayRunForMs),
      mayRetry: true,
    });
  }
}

/** The answer in its stored form. */
function recordable(answer: WriteAnswer): RecordedAnswer {
  // The first test avoids serialising a very long body only to measure it.
  const isTooLarge = answer.body.length > maxAnswerBytes || Buffer.byteLength(JSON.stringify(answer)) > maxAnswerBytes;
  return isTooLarge ? withoutBody(answer, 'too_large') : answer;
}

function withoutBody({ status, headers }: WriteAnswer, notStored: 'too_large' | 'budget_spent'): RecordedAnswer {
  return { status, headers, notStored };
}

function unlessBudgetSpent(error: unknown): undefined {
  if (asFault(error).code !== 'storage_budget_spent') throw error;
}

function inProgressConflict(): Fault {
  return new Fault('idempotency_conflict', {
    detail: 'The first call with this Idempotency-Key is still in progress; ask again with the same key.',
    retryAfterMs: 1000,
    mayRetry: true,
  });
}
