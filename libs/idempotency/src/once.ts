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
import { judge, mayRunForMs } from './judge';
import type { Doubt } from './settlement';
import type { Claim, Taken, WriteRecords } from './write-records';

/** An answer as it is told, and told again. */
export interface WriteAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What is kept of an answer: all of it, or that there was one and why it is not here. */
export type KeptAnswer = WriteAnswer | (Omit<WriteAnswer, 'body'> & { readonly notKept: 'too_large' | 'budget_spent' });

/** What a caller waits by. */
export interface Wait {
  /** Aborts when the deadline passes or the caller hangs up. */
  readonly signal: AbortSignal;
  readonly deadlineAtMs: number;
}

/** What one attempt at a write is to know. */
export interface Attempt {
  /**
   * Aborts when the deadline passes or another attempt has taken over, but not when the caller hangs up: it will ask
   * again with the same key, and wants to be told.
   */
  readonly signal: AbortSignal;
  readonly doubt?: Doubt;
}

export interface OnceOptions {
  readonly records: WriteRecords;
  readonly storage: StorageBudget;
  readonly clock: Clock;
  readonly callLimitMs: number;
  /** Shorter than the lease, by more than a store may be silent. */
  readonly renewEveryMs: number;
}

/** A longer answer, as JSON, is not kept. */
export const maxAnswerBytes = 256 * 1024;
/** What a record takes without an answer, or with the word that the answer was not kept. */
export const recordBytes = 768;
/** A write is begun only while there is room for its record and the longest answer that is kept. */
const roomBytes = recordBytes + sealedBytes(maxAnswerBytes);
const firstPauseMs = 20;
const longestPauseMs = 400;
/**
 * An answer that the store did not take is tried again so soon, for until it is kept a killed replica takes it along; and
 * for about as long as a lease lasts, after which another may have taken the write over.
 */
const keepAgainMs = 250;
const keepTries = 40;

/** Runs what carries an idempotency key once; whoever comes with the same key is told the same. */
export class Once {
  private readonly underWay = new Set<Promise<unknown>>();

  constructor(private readonly options: OnceOptions) {}

  /**
   * @param work answers where the outcome is certain, refusals that the portal pronounced included; throws a Fault
   * otherwise. It can't be run twice at once, over all replicas.
   * @param settles whether a later attempt can find out what became of one whose outcome is unknown
   * @throws Fault idempotency_conflict, storage_budget_spent, store_unavailable, or what the work threw
   */
  async run(
    claim: Claim,
    wait: Wait,
    work: (attempt: Attempt) => Promise<WriteAnswer>,
    settles: boolean,
  ): Promise<{ answer: KeptAnswer; replayed: boolean }> {
    const taken = await this.take(claim, wait.signal);
    if ('answer' in taken) return { answer: JSON.parse(taken.answer.reveal()) as KeptAnswer, replayed: true };
    const charge = await this.chargeRecord(claim, wait.signal);
    const run = this.hold(claim, wait.deadlineAtMs, taken.doubt, work, settles, charge);
    this.goesOn(run);
    return { answer: await run, replayed: false };
  }

  /** Resolves when no write is under way. */
  async settle(): Promise<void> {
    while (this.underWay.size > 0) await Promise.allSettled(this.underWay);
  }

  private async take(claim: Claim, signal: AbortSignal): Promise<{ doubt?: Doubt } | { answer: Secret }> {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      const taken = await this.asked(claim, signal);
      if (taken.kind === 'other_request') throw new Fault('idempotency_conflict');
      if (taken.kind !== 'running') return taken;
      await sleep(this.options.clock, pauseMs, signal).catch(() => {
        throw inProgress();
      });
    }
  }

  /** Whoever could not wait for the store's word gives back what it may have taken. */
  private async asked(claim: Claim, signal: AbortSignal): Promise<Taken> {
    const { records } = this.options;
    const asking = records.take(claim);
    return unlessAborted(asking, signal).catch((error: unknown) => {
      void asking.then(({ kind }) => (kind === 'taken' ? records.free(claim) : undefined)).catch(() => undefined);
      throw error;
    });
  }

  /** Counts the record that was taken; what can't be counted is given back, and nothing is run. */
  private async chargeRecord(claim: Claim, signal: AbortSignal): Promise<StorageCharge> {
    const { records, storage } = this.options;
    const charging = storage.charge(claim.client, recordBytes, { room: roomBytes });
    return unlessAborted(charging, signal).catch((error: unknown) => {
      this.goesOn(records.free(claim));
      void charging.then((charge) => storage.release(claim.client, charge)).catch(() => undefined);
      throw error;
    });
  }

  private async hold(
    claim: Claim,
    deadlineAtMs: number,
    doubt: Doubt | undefined,
    work: (attempt: Attempt) => Promise<WriteAnswer>,
    settles: boolean,
    charge: StorageCharge,
  ): Promise<WriteAnswer> {
    const { clock } = this.options;
    const controller = new AbortController();
    setMaxListeners(0, controller.signal);
    const callOff = clock.after(deadlineAtMs - clock.now(), () => {
      controller.abort(new Fault('deadline_exceeded'));
    });
    const letGo = this.keepLease(claim, controller);
    try {
      const answer = await work({ signal: controller.signal, ...(doubt && { doubt }) });
      await this.noted(this.keep(claim, keepable(answer)), controller.signal);
      return answer;
    } catch (error) {
      throw await this.failed(claim, asFault(error), settles, controller.signal, charge);
    } finally {
      callOff();
      letGo();
    }
  }

  /** Renews the lease until told to let go; whoever lost it sends nothing more. */
  private keepLease(claim: Claim, controller: AbortController): () => void {
    const { clock, records, renewEveryMs } = this.options;
    let held = true;
    let callOff: () => void = () => undefined;
    const later = () => {
      callOff = clock.after(renewEveryMs, () => void renew());
    };
    const renew = async () => {
      const ours = await records.renew(claim).catch(() => true);
      if (!held) return;
      if (ours) later();
      else controller.abort(inProgress());
    };
    later();
    return () => {
      held = false;
      callOff();
    };
  }

  /** What comes of a write is noted before it is told, but a store that is silent keeps nobody past the deadline. */
  private async noted(note: Promise<unknown>, signal: AbortSignal): Promise<void> {
    this.goesOn(note);
    await unlessAborted(note, signal).catch(() => undefined);
  }

  private goesOn(work: Promise<unknown>): void {
    this.underWay.add(work);
    void work.catch(() => undefined).finally(() => this.underWay.delete(work));
  }

  /** If the store is away, the answer is told all the same, and kept as soon as it can be. */
  private async keep(claim: Claim, answer: KeptAnswer): Promise<void> {
    await this.keepNow(claim, answer).catch(() => {
      this.goesOn(this.keepLater(claim, answer));
    });
  }

  /** At worst the lease ends, and the next attempt finds out what became of this one. */
  private async keepLater(claim: Claim, answer: KeptAnswer): Promise<void> {
    const { clock } = this.options;
    for (let tries = 0; tries < keepTries; tries++) {
      await sleep(clock, keepAgainMs);
      const kept = await this.keepNow(claim, answer).then(
        () => true,
        () => false,
      );
      if (kept) return;
    }
  }

  /** Others of the same client may have taken the room meanwhile: then it is kept that there was an answer. */
  private async keepNow(claim: Claim, answer: KeptAnswer): Promise<void> {
    const { records, storage } = this.options;
    const text = JSON.stringify(answer);
    if ('notKept' in answer) return records.answer(claim, new Secret(text));
    const charge = await storage.charge(claim.client, sealedBytes(Buffer.byteLength(text))).catch(unlessSpent);
    if (!charge) return this.keepNow(claim, withoutBody(answer, 'budget_spent'));
    await records.answer(claim, new Secret(text)).catch((error: unknown) => {
      void storage.release(claim.client, charge).catch(() => undefined);
      throw error;
    });
  }

  private async failed(
    claim: Claim,
    fault: Fault,
    settles: boolean,
    signal: AbortSignal,
    charge: StorageCharge,
  ): Promise<Fault> {
    const { records, storage, callLimitMs } = this.options;
    if (judge(fault) !== 'lost') {
      const freed = records.free(claim).then((isGone) => (isGone ? storage.release(claim.client, charge) : undefined));
      await this.noted(freed, signal);
      return fault;
    }
    const doubt = { mayRunForMs: mayRunForMs(fault, callLimitMs) };
    await this.noted(records.doubt(claim, doubt), signal);
    if (!settles) return fault;
    return fault.with({
      detail: `${fault.message} Or send the same request with the same Idempotency-Key after Retry-After: it is settled then.`,
      retryAfterMs: Math.max(1000, doubt.mayRunForMs),
      mayRetry: true,
    });
  }
}

/** The answer, unless it is too long to be kept. */
function keepable(answer: WriteAnswer): KeptAnswer {
  // The text of a very long one is not made once more to measure it.
  const isLong = answer.body.length > maxAnswerBytes || Buffer.byteLength(JSON.stringify(answer)) > maxAnswerBytes;
  return isLong ? withoutBody(answer, 'too_large') : answer;
}

function withoutBody({ status, headers }: WriteAnswer, notKept: 'too_large' | 'budget_spent'): KeptAnswer {
  return { status, headers, notKept };
}

function unlessSpent(error: unknown): undefined {
  if (asFault(error).code !== 'storage_budget_spent') throw error;
}

function inProgress(): Fault {
  return new Fault('idempotency_conflict', {
    detail: 'The first call with this Idempotency-Key is still in progress; ask again with the same key.',
    retryAfterMs: 1000,
    mayRetry: true,
  });
}
