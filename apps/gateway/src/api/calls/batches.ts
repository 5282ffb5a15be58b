import { type Answer, asFault, type Command, Fault, type FaultCode, type PortalId, type Result } from '@b24/portal';
import { maxBatchBytes, maxBatchCommands } from '@b24/queue';
import { isBatchable, commandNames, callerBatch, batchedBytes } from '@b24/upstream';
import { classifyWriteFailure } from '@b24/idempotency';
import type { CallerContext, RequestLine } from '../../request-line';
import { type AnyCalls, commandOfCall, type MethodCall } from './any-calls';

/** Reads of one batch that may wait in the portal queue: enough to fill its requests without filling the queue. */
const maxConcurrentReads = 200;
/** Consecutive requests in which the portal may run none of the commands. */
const maxFruitlessRequests = 3;

export interface BatchCommand extends MethodCall {
  /** The name by which other commands refer to it; its position when absent. */
  readonly name?: string | undefined;
}

export interface BatchOptions {
  /** Stops at the first refused command. */
  readonly halt: boolean;
  /** `$result[name]` in a value stands for the result of an earlier command. At most 50 commands, in one request. */
  readonly references: boolean;
}

/** The outcome of a command. */
export type CommandOutcome = Result | { readonly ok: false; readonly fault: Fault };
/** Returns the outcome as the audit log records it. */
export function outcomeCode(outcome: CommandOutcome): 'done' | FaultCode {
  return outcome.ok ? 'done' : outcome.fault.code;
}

/** The result of a batch. */
export interface BatchResult {
  /** Outcome i belongs to command i. */
  readonly outcomes: readonly CommandOutcome[];
  /** Later commands must not be sent: they would overtake commands that may still run, or fail in the same way. */
  readonly stopped: boolean;
}
/** Called with each outcome as soon as it is known. */
export type OnCommandOutcome = (index: number, outcome: CommandOutcome) => void;
type BatchCaller = Pick<CallerContext, 'client' | 'signal'> & Partial<Pick<CallerContext, 'requestId' | 'calls'>>;

/**
 * Runs many commands of one caller (docs/decisions/0015). Reads share requests with other callers; if one command writes,
 * all keep their order. A command that may have been executed is never sent again.
 */
export class Batches {
  constructor(
    private readonly line: RequestLine,
    private readonly calls: AnyCalls,
  ) {}

  /** Checks a batch before anything is sent. @throws Fault not_allowed, invalid_request */
  check(
    asking: Pick<CallerContext, 'client'>,
    portal: PortalId,
    commands: readonly BatchCommand[],
    options: BatchOptions,
  ): void {
    this.calls.check(asking, portal, commands);
    if (options.references) namesOf(commands);
  }

  /**
   * Runs the commands. All are authorized before any is sent.
   * @throws Fault when the portal answered none of them, and none may have been executed
   */
  async run(
    asking: BatchCaller,
    portal: PortalId,
    commands: readonly BatchCommand[],
    options: BatchOptions,
    onProgress: OnCommandOutcome = () => undefined,
  ): Promise<BatchResult> {
    this.check(asking, portal, commands, options);
    const send = (command: Command) => this.line.answer(asking, 'call', portal, command);
    const batch = new RunningBatch(commands.map(commandOfCall), send, onProgress);
    if (options.references) await batch.asOne(namesOf(commands), options.halt);
    else if (options.halt || commands.some((it) => commandOfCall(it).effect === 'write'))
      await batch.inOrder(options.halt);
    else await batch.atOnce();
    return { outcomes: batch.outcomes(), stopped: batch.stopped };
  }
}

/** Returns the names of the commands. @throws Fault invalid_request when only some have names, or two have the same */
function namesOf(commands: readonly BatchCommand[]): string[] {
  const wrong = (path: string, message: string) => new Fault('invalid_request', { errors: [{ path, message }] });
  if (commands.length > maxBatchCommands)
    throw wrong('commands', `At most ${maxBatchCommands} can refer to each other.`);
  const names = commands.map(({ name }, i) => name ?? String(i));
  const named = commands.filter(({ name }) => name !== undefined).length;
  // PHP would reorder a mix of names and positions.
  if (named > 0 && named < commands.length) throw wrong('commands', 'Name all of them, or none.');
  if (new Set(names).size < names.length) throw wrong('commands', 'Each must have a name of its own.');
  const lost = commands.findIndex((it) => !isBatchable(it.method, commandOfCall(it).params));
  if (lost < 0) return names;
  const message =
    'Would not arrive as it is, since there all is text: no null, no true or false, no fraction, nothing empty.';
  throw wrong(`commands.${lost}.params`, message);
}

/** A batch in progress. */
class RunningBatch {
  private readonly known: (CommandOutcome | undefined)[];
  /** Commands that can't share a request, because of their parameters or because the portal accepts no batch now. */
  private readonly alone: Set<number>;
  stopped = false;
  /** The portal has answered one of them, or may have executed one. */
  private wasAnswered = false;

  constructor(
    private readonly commands: readonly Command[],
    private readonly send: (command: Command) => Promise<Answer>,
    private readonly onProgress: OnCommandOutcome,
  ) {
    this.known = commands.map(() => undefined);
    this.alone = new Set(commands.flatMap((it, i) => (batchedBytes(it.method, it.params) === undefined ? [i] : [])));
  }

  /** Returns all outcomes. @throws Fault the first one's when the portal answered none */
  outcomes(): readonly CommandOutcome[] {
    const all = this.known.map((it) => it ?? failedOutcome(new Fault('internal_error')));
    const [first] = all;
    if (!this.wasAnswered && first?.ok === false) throw first.fault;
    return all;
  }

  /** Sends each command by itself; the portal queue forms the batches. */
  async atOnce(): Promise<void> {
    let next = 0;
    const one = async () => {
      while (next < this.commands.length) await this.sendAlone(next++);
    };
    await Promise.all(Array.from({ length: maxConcurrentReads }, one));
  }

  /** Sends one batch with the caller's own names. @throws Fault when it fails as a whole */
  async asOne(names: readonly string[], halt: boolean): Promise<void> {
    const answers = await this.sendBatch(this.commands, names, halt);
    answers.forEach((answer, i) => this.settle(i, wasRun(answer) ? answer : notRunOutcome()));
  }

  /** Sends one request after another, each with as many commands as fit. */
  async inOrder(halt: boolean): Promise<void> {
    let waiting = this.commands.map((_, i) => i);
    let vain = 0;
    while (waiting.length > 0) {
      const chunk = this.nextChunk(waiting);
      const goesOn = chunk.length === 1 ? await this.sendAlone(chunk[0] ?? 0) : await this.sendChunk(chunk, halt);
      const left = waiting.filter((i) => !this.known[i]);
      const refusedOne = chunk.some((i) => this.known[i]?.ok === false);
      vain = left.length < waiting.length || this.alone.has(chunk[0] ?? 0) ? 0 : vain + 1;
      waiting = left;
      if (goesOn && !(halt && refusedOne) && vain < maxFruitlessRequests) continue;
      this.stopped = true;
      for (const i of waiting) this.settle(i, notRunOutcome());
      return;
    }
  }

  /** Returns the first commands that fit into one request. */
  private nextChunk(waiting: readonly number[]): number[] {
    const chunk: number[] = [];
    let bytes = 0;
    for (const i of waiting) {
      const command = this.commands[i];
      if (!command || this.alone.has(i) || chunk.length === maxBatchCommands) break;
      bytes += batchedBytes(command.method, command.params) ?? 0;
      if (bytes > maxBatchBytes) break;
      chunk.push(i);
    }
    return chunk.length > 0 ? chunk : waiting.slice(0, 1);
  }

  /** Sends a chunk; commands that were not run stay waiting. Returns false when nothing may follow. */
  private async sendChunk(indexes: readonly number[], halt: boolean): Promise<boolean> {
    const commands = indexes.flatMap((i) => this.commands[i] ?? []);
    try {
      const answers = await this.sendBatch(commands, commandNames(commands.length), halt);
      answers.forEach((answer, at) => {
        const i = indexes[at];
        if (i !== undefined && wasRun(answer)) this.settle(i, answer);
      });
      return true;
    } catch (error) {
      const fault = asFault(error);
      if (fault.code === 'operating_time_spent') {
        // The batch or one of its methods has no operating time left: nothing was run, and other commands may go on.
        for (const i of indexes) this.alone.add(i);
        return true;
      }
      for (const i of indexes) this.fail(i, fault);
      return false;
    }
  }

  /** Sends a command by itself. Returns false when nothing may follow. */
  private async sendAlone(i: number): Promise<boolean> {
    const command = this.commands[i];
    if (!command) return false;
    try {
      const answer = await this.send(command);
      this.wasAnswered = true;
      this.settle(i, answer);
      return true;
    } catch (error) {
      const fault = asFault(error);
      this.fail(i, fault);
      return fault.code === 'operating_time_spent';
    }
  }

  private async sendBatch(
    commands: readonly Command[],
    names: readonly string[],
    halt: boolean,
  ): Promise<readonly Answer[]> {
    const answer = await this.send(callerBatch(commands, names, halt));
    if (!answer.ok) throw answer.fault;
    this.wasAnswered = true;
    return answer.inside ?? [];
  }

  private fail(i: number, fault: Fault): void {
    const { method = '', effect } = this.commands[i] ?? {};
    if (effect === 'write' && classifyWriteFailure(fault) === 'lost') this.wasAnswered = true;
    // The batch failed, which the caller does not know; name its command instead.
    this.settle(i, failedOutcome(fault.upstream ? fault.with({ upstream: { ...fault.upstream, method } }) : fault));
  }

  private settle(i: number, outcome: CommandOutcome): void {
    this.known[i] = outcome;
    this.onProgress(i, outcome);
  }
}

function wasRun(answer: Answer): boolean {
  return answer.ok || answer.fault.retryReason !== 'not_run';
}

function notRunOutcome(): CommandOutcome {
  return failedOutcome(new Fault('command_not_run'));
}

function failedOutcome(fault: Fault): CommandOutcome {
  return { ok: false, fault };
}
