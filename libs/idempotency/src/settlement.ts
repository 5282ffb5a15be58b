import { asFault, type Clock, type Command, Fault, sleep } from '@b24/portal';
import { judge, mayRunForMs } from './judge';
import type { Removal, Rule, State, Unique } from './rule';

/** An earlier sending of a write may have been carried out. */
export interface Doubt {
  /** For so long, in milliseconds from now, it may still be. */
  readonly mayRunForMs: number;
}

export interface Write<T> {
  readonly command: Command;
  readonly rule: Rule<T>;
  /** Sends a command, and reads its answer. @throws Fault */
  readonly send: (command: Command) => Promise<T>;
  /** The caller's wait, and when it ends (unix milliseconds). */
  readonly signal: AbortSignal;
  readonly deadlineAtMs: number;
  readonly clock: Clock;
  /** How long a portal may run one call, whatever became of the connection. */
  readonly callLimitMs: number;
  readonly doubt?: Doubt | undefined;
}

type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: Fault };

/** Enough for a deletion that was lost, done without a word, and confirmed, with one more lost in between. */
const mostDeletions = 4;

/**
 * Carries a write out once. Where its answer is lost, it is settled by its rule, for as long as the caller waits
 * (docs/decisions/0008): nothing is sent again while an earlier sending may still run, except a deletion, and nothing
 * but positive evidence counts until then.
 * @throws Fault outcome_unknown where it can't be decided; otherwise what the write came to.
 */
export function writeOnce<T>(write: Write<T>): Promise<T> {
  return new Settlement(write).run();
}

class Settlement<T> {
  /** Until then what was sent may still be carried out, unix milliseconds. */
  private mayRunUntilMs: number;
  /** The last fault that left the outcome open. */
  private lost: Fault | undefined;

  constructor(private readonly write: Write<T>) {
    this.mayRunUntilMs = write.clock.now() + (write.doubt?.mayRunForMs ?? 0);
  }

  async run(): Promise<T> {
    const { command, rule, doubt } = this.write;
    if (rule.kind === 'removal') return this.removed(rule);
    const first = doubt ? undefined : await this.attempt(command);
    if (first?.ok) return first.value;
    if (first && judge(first.fault) !== 'lost') throw first.fault;
    if (rule.kind === 'unsettled') throw this.unknown('Nothing that Bitrix24 shows tells whether it was.');
    return rule.kind === 'repeatable' ? this.repeated() : this.looked(rule);
  }

  /** Looks whether it was done; sends it again only once nothing else can do it any more. */
  private async looked(rule: Unique<T> | State<T>): Promise<T> {
    const waits = this.mayRunUntilMs > this.write.clock.now();
    let found = await this.look(rule);
    if (!found && waits) {
      await this.untilEnded();
      found = await this.look(rule);
    }
    if (found) return found.value;
    const again = await this.attempt(this.write.command);
    if (again.ok) return again.value;
    if (judge(again.fault) !== 'lost' && again.fault.code !== rule.taken) throw again.fault;
    const now = await this.look(rule);
    if (now) return now.value;
    throw this.unknown('It was sent again, and is still not done.');
  }

  /** What was sent, if it is there as it was sent; undefined if all is as it was before. */
  private async look(rule: Unique<T> | State<T>): Promise<{ value: T } | undefined> {
    const seen = await this.attempt(rule.look);
    if (seen.ok && rule.isAsSent(seen.value)) return { value: seen.value };
    if (seen.ok && rule.kind === 'state') {
      if (rule.isBefore(seen.value)) return undefined;
      throw this.unknown('It is neither as it was before nor as it would be now.');
    }
    if (seen.ok) {
      throw this.unknown(
        'One is there, but not as it was sent: either another was there before, or yours was changed since.',
      );
    }
    if (rule.kind === 'unique' && seen.fault.code === rule.absent) return undefined;
    throw this.unknown(`Whether it is there could not be read (${seen.fault.code}).`);
  }

  private async repeated(): Promise<T> {
    await this.untilEnded();
    const again = await this.attempt(this.write.command);
    if (again.ok) return again.value;
    // The first one may have been carried out all the same, before whatever made the portal refuse this one.
    throw this.unknown(`It was sent again, without success (${again.fault.code}).`);
  }

  /** Where the vendor answers a deletion that silently failed like one that worked, a success is looked at again. */
  private async removed({ mute, gone, kept }: Removal): Promise<T> {
    let open = this.write.doubt !== undefined;
    let taken = 0;
    for (let sent = 0; sent < mostDeletions; sent++) {
      const heard = await this.attempt(this.write.command);
      if (heard.ok) {
        if (!mute) return heard.value;
        if (++taken === 2) throw takenInSilence();
      } else if (judge(heard.fault) !== 'lost') {
        if (!open || heard.fault.code === kept) throw heard.fault;
        if (heard.fault.code === gone) return undefined as T;
        throw this.unknown(`That it is gone could not be confirmed (${heard.fault.code}).`);
      }
      open = true;
    }
    throw this.unknown('That it is gone could not be confirmed.');
  }

  private async attempt(command: Command): Promise<Outcome<T>> {
    const { send, clock, callLimitMs } = this.write;
    try {
      return { ok: true, value: await send(command) };
    } catch (error) {
      const fault = asFault(error);
      if (command.effect === 'write' && judge(fault) === 'lost') {
        this.lost = fault;
        this.mayRunUntilMs = Math.max(this.mayRunUntilMs, clock.now() + mayRunForMs(fault, callLimitMs));
      }
      return { ok: false, fault };
    }
  }

  /** Waits until nothing that was sent can run any more. @throws Fault outcome_unknown when the caller does not wait so long */
  private async untilEnded(): Promise<void> {
    const { clock, signal, deadlineAtMs } = this.write;
    const restMs = this.mayRunUntilMs - clock.now();
    const words = `The portal may still carry it out for ${Math.ceil(restMs / 1000)} s, longer than this call waits.`;
    if (restMs > 0 && this.mayRunUntilMs >= deadlineAtMs) throw this.unknown(words);
    if (restMs <= 0) return;
    await sleep(clock, restMs, signal).catch(() => {
      throw this.unknown(words);
    });
  }

  private unknown(why: string): Fault {
    const { rule, clock } = this.write;
    const upstream = this.lost?.upstream;
    return new Fault('outcome_unknown', {
      detail: `The write was sent, its answer was lost, and it may have been carried out. ${why} ${rule.advice}`,
      mayRunForMs: Math.max(0, this.mayRunUntilMs - clock.now()),
      ...(upstream && { upstream }),
    });
  }
}

function takenInSilence(): Fault {
  return new Fault('portal_error', {
    detail: 'The portal took the deletion twice without a word, so it may still be there; look, and delete it again.',
  });
}
