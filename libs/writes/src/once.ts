import { setMaxListeners } from 'node:events';
import { asFault, type Clock, Fault, Secret, sleep, unlessAborted } from '@b24/portal';
import { judge, mayRunForMs } from './judge';
import type { Doubt } from './settlement';
import type { Claim, Taken, WriteRecords } from './write-records';

/** An answer as it is told, and told again. */
export interface WriteAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

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
  readonly clock: Clock;
  readonly callLimitMs: number;
  /** Shorter than the lease, by more than a store may be silent. */
  readonly renewEveryMs: number;
}

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
   * @throws Fault idempotency_conflict, store_unavailable, or what the work threw
   */
  async run(
    claim: Claim,
    wait: Wait,
    work: (attempt: Attempt) => Promise<WriteAnswer>,
    settles: boolean,
  ): Promise<{ answer: WriteAnswer; replayed: boolean }> {
    const taken = await this.take(claim, wait.signal);
    if ('answer' in taken) return { answer: JSON.parse(taken.answer.reveal()) as WriteAnswer, replayed: true };
    const run = this.hold(claim, wait.deadlineAtMs, taken.doubt, work, settles);
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

  private async hold(
    claim: Claim,
    deadlineAtMs: number,
    doubt: Doubt | undefined,
    work: (attempt: Attempt) => Promise<WriteAnswer>,
    settles: boolean,
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
      await this.noted(this.keep(claim, new Secret(JSON.stringify(answer))), controller.signal);
      return answer;
    } catch (error) {
      throw await this.failed(claim, asFault(error), settles, controller.signal);
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
  private async keep(claim: Claim, answer: Secret): Promise<void> {
    await this.options.records.answer(claim, answer).catch(() => {
      this.goesOn(this.keepLater(claim, answer));
    });
  }

  /** At worst the lease ends, and the next attempt finds out what became of this one. */
  private async keepLater(claim: Claim, answer: Secret): Promise<void> {
    const { records, clock } = this.options;
    for (let tries = 0; tries < keepTries; tries++) {
      await sleep(clock, keepAgainMs);
      const kept = await records.answer(claim, answer).then(
        () => true,
        () => false,
      );
      if (kept) return;
    }
  }

  private async failed(claim: Claim, fault: Fault, settles: boolean, signal: AbortSignal): Promise<Fault> {
    const { records, callLimitMs } = this.options;
    if (judge(fault) !== 'lost') {
      await this.noted(records.free(claim), signal);
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

function inProgress(): Fault {
  return new Fault('idempotency_conflict', {
    detail: 'The first call with this Idempotency-Key is still in progress; ask again with the same key.',
    retryAfterMs: 1000,
    mayRetry: true,
  });
}
