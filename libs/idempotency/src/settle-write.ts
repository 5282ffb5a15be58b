import { asFault, type Clock, type Command, Fault, sleep } from '@b24/portal';
import { classifyWriteFailure, mayRunForMs } from './write-failure';
import type { RemovalRule, SettlementRule, StateRule, UniqueRule } from './settlement-rule';

/** An earlier request of a write may have been executed. */
export interface UnknownOutcome {
  /** How many milliseconds from now it may still be executed. */
  readonly mayRunForMs: number;
}

export interface SettledWrite<T> {
  readonly command: Command;
  readonly rule: SettlementRule<T>;
  /** Sends a command, and reads its answer. @throws Fault */
  readonly send: (command: Command) => Promise<T>;
  /** Aborts when the caller stops waiting. */
  readonly signal: AbortSignal;
  /** Unix milliseconds. */
  readonly deadlineAtMs: number;
  readonly clock: Clock;
  /** The longest that a portal may run one call, even after its connection is cut. */
  readonly callLimitMs: number;
  readonly unknownOutcome?: UnknownOutcome | undefined;
}

type SendOutcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: Fault };

/** Enough for a lost deletion, an unreliable success and a confirmation, with one more lost in between. */
const maxDeletions = 4;

/**
 * Sends a write and returns its result. If the answer is lost, settles the outcome by the write's rule while the caller
 * waits (docs/decisions/0008). Nothing except a deletion is sent again while an earlier request may still run, and until
 * then only positive evidence counts.
 * @throws Fault outcome_unknown when the outcome can't be settled; otherwise the fault of the write.
 */
export function settleWrite<T>(write: SettledWrite<T>): Promise<T> {
  return new Settlement(write).run();
}

class Settlement<T> {
  /** Until then an earlier request may still be executed, unix milliseconds. */
  private mayRunUntilMs: number;
  /** The last fault that left the outcome unknown. */
  private lastLoss: Fault | undefined;

  constructor(private readonly write: SettledWrite<T>) {
    this.mayRunUntilMs = write.clock.now() + (write.unknownOutcome?.mayRunForMs ?? 0);
  }

  async run(): Promise<T> {
    const { command, rule, unknownOutcome } = this.write;
    if (rule.kind === 'removal') return this.settleRemoval(rule);
    const first = unknownOutcome ? undefined : await this.attempt(command);
    if (first?.ok) return first.value;
    if (first && classifyWriteFailure(first.fault) !== 'lost') throw first.fault;
    if (rule.kind === 'unsettled') throw this.unknownFault('Nothing that Bitrix24 shows tells whether it was.');
    return rule.kind === 'repeatable' ? this.settleByRepeat() : this.settleByLookUp(rule);
  }

  /** Reads whether the write was done; sends it again only when no earlier request can run any more. */
  private async settleByLookUp(rule: UniqueRule<T> | StateRule<T>): Promise<T> {
    const waits = this.mayRunUntilMs > this.write.clock.now();
    let found = await this.lookUp(rule);
    if (!found && waits) {
      await this.waitUntilEnded();
      found = await this.lookUp(rule);
    }
    if (found) return found.value;
    const retry = await this.attempt(this.write.command);
    if (retry.ok) return retry.value;
    if (classifyWriteFailure(retry.fault) !== 'lost' && retry.fault.code !== rule.conflictCode) throw retry.fault;
    const now = await this.lookUp(rule);
    if (now) return now.value;
    throw this.unknownFault('It was sent again, and is still not done.');
  }

  /** Returns the result of the write if the portal shows it as sent; undefined if nothing has changed. */
  private async lookUp(rule: UniqueRule<T> | StateRule<T>): Promise<{ value: T } | undefined> {
    const seen = await this.attempt(rule.lookUp);
    if (seen.ok && rule.isAsSent(seen.value)) return { value: seen.value };
    if (seen.ok && rule.kind === 'state') {
      if (rule.isBefore(seen.value)) return undefined;
      throw this.unknownFault('It is neither as it was before nor as it would be now.');
    }
    if (seen.ok) {
      throw this.unknownFault(
        'One is there, but not as it was sent: either another was there before, or yours was changed since.',
      );
    }
    if (rule.kind === 'unique' && seen.fault.code === rule.absentCode) return undefined;
    throw this.unknownFault(`Whether it is there could not be read (${seen.fault.code}).`);
  }

  private async settleByRepeat(): Promise<T> {
    await this.waitUntilEnded();
    const retry = await this.attempt(this.write.command);
    if (retry.ok) return retry.value;
    // The first one may still have been executed, before the portal began to refuse.
    throw this.unknownFault(`It was sent again, without success (${retry.fault.code}).`);
  }

  /** Deletes again until the deletion is confirmed. A success that may hide a failure needs a second deletion. */
  private async settleRemoval({ hidesFailure, goneCode, blockedCode }: RemovalRule): Promise<T> {
    let open = this.write.unknownOutcome !== undefined;
    let taken = 0;
    for (let sent = 0; sent < maxDeletions; sent++) {
      const answer = await this.attempt(this.write.command);
      if (answer.ok) {
        if (!hidesFailure) return answer.value;
        if (++taken === 2) throw unconfirmedDeletion();
      } else if (classifyWriteFailure(answer.fault) !== 'lost') {
        if (!open || answer.fault.code === blockedCode) throw answer.fault;
        if (answer.fault.code === goneCode) return undefined as T;
        throw this.unknownFault(`That it is gone could not be confirmed (${answer.fault.code}).`);
      }
      open = true;
    }
    throw this.unknownFault('That it is gone could not be confirmed.');
  }

  private async attempt(command: Command): Promise<SendOutcome<T>> {
    const { send, clock, callLimitMs } = this.write;
    try {
      return { ok: true, value: await send(command) };
    } catch (error) {
      const fault = asFault(error);
      if (command.effect === 'write' && classifyWriteFailure(fault) === 'lost') {
        this.lastLoss = fault;
        this.mayRunUntilMs = Math.max(this.mayRunUntilMs, clock.now() + mayRunForMs(fault, callLimitMs));
      }
      return { ok: false, fault };
    }
  }

  /** Waits until no earlier request can run any more. @throws Fault outcome_unknown when the caller's deadline is earlier */
  private async waitUntilEnded(): Promise<void> {
    const { clock, signal, deadlineAtMs } = this.write;
    const restMs = this.mayRunUntilMs - clock.now();
    const words = `The portal may still carry it out for ${Math.ceil(restMs / 1000)} s, longer than this call waits.`;
    if (restMs > 0 && this.mayRunUntilMs >= deadlineAtMs) throw this.unknownFault(words);
    if (restMs <= 0) return;
    await sleep(clock, restMs, signal).catch(() => {
      throw this.unknownFault(words);
    });
  }

  private unknownFault(why: string): Fault {
    const { rule, clock } = this.write;
    const upstream = this.lastLoss?.upstream;
    return new Fault('outcome_unknown', {
      detail: `The write was sent, its answer was lost, and it may have been carried out. ${why} ${rule.advice}`,
      mayRunForMs: Math.max(0, this.mayRunUntilMs - clock.now()),
      ...(upstream && { upstream }),
    });
  }
}

function unconfirmedDeletion(): Fault {
  return new Fault('portal_error', {
    detail:
      'The portal accepted the deletion twice and confirmed it neither time, so it may still exist. Read it, and delete it again.',
  });
}
