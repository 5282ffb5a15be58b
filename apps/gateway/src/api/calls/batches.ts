import { type Answer, asFault, type Command, Fault, type FaultCode, type PortalId, type Result } from '@b24/portal';
import { isBatchable, commandNames, callerBatch, batchedBytes } from '@b24/upstream';
import { classifyWriteFailure } from '@b24/idempotency';
import type { CallerContext, RequestLine } from '../../request-line';
import { type AnyCalls, commandOfCall, type MethodCall } from './any-calls';

/** What one request of the portal's `batch` runs, and may weigh. */
export const maxBatchCommands = 50;
const maxRequestBytes = 512 * 1024;
/** Reads of one batch that wait in the lane at once: enough to fill its trips, and not the lane. */
const maxConcurrentReads = 200;
/** Trips in a row that the portal may end before it has run any of theirs. */
const maxFruitlessRequests = 3;

export interface BatchCommand extends MethodCall {
  /** What the others refer to it by; its place when absent. */
  readonly name?: string | undefined;
}

export interface BatchOptions {
  /** Nothing is sent after the first that was refused. */
  readonly halt: boolean;
  /** `$result[name]` in a value stands for what an earlier command returned. At most 50 commands, in one request. */
  readonly references: boolean;
}

/** What became of a command. */
export type CommandOutcome = Result | { readonly ok: false; readonly fault: Fault };
/** As the audit log has it. */
export function outcomeCode(outcome: CommandOutcome): 'done' | FaultCode {
  return outcome.ok ? 'done' : outcome.fault.code;
}

/** A batch that has been run. */
export interface BatchResult {
  /** Outcome i belongs to command i. */
  readonly outcomes: readonly CommandOutcome[];
  /** What would come behind it must not be sent: it would overtake what may still run, or meet the same. */
  readonly stopped: boolean;
}
/** Told of each command as soon as it is known what became of it. */
export type OnCommandOutcome = (index: number, outcome: CommandOutcome) => void;
type BatchCaller = Pick<CallerContext, 'client' | 'signal'>;

/**
 * Many commands of one caller (docs/decisions/0015). Reads travel with whoever waits; once one writes, all keep their
 * order. What may have been carried out is never sent again.
 */
export class Batches {
  constructor(
    private readonly line: RequestLine,
    private readonly calls: AnyCalls,
  ) {}

  /** What can be said before any is sent. @throws Fault not_allowed, invalid_request */
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
   * Each is asked for its right before any is sent.
   * @throws Fault when the portal said nothing about any of them, and none may have been carried out
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

/** @throws Fault invalid_request when only some have names, or two have the same */
function namesOf(commands: readonly BatchCommand[]): string[] {
  const wrong = (path: string, message: string) => new Fault('invalid_request', { errors: [{ path, message }] });
  if (commands.length > maxBatchCommands)
    throw wrong('commands', `At most ${maxBatchCommands} can refer to each other.`);
  const names = commands.map(({ name }, i) => name ?? String(i));
  const named = commands.filter(({ name }) => name !== undefined).length;
  // Names and places together would not keep their order on the way.
  if (named > 0 && named < commands.length) throw wrong('commands', 'Name all of them, or none.');
  if (new Set(names).size < names.length) throw wrong('commands', 'Each must have a name of its own.');
  const lost = commands.findIndex((it) => !isBatchable(it.method, commandOfCall(it).params));
  if (lost < 0) return names;
  const message =
    'Would not arrive as it is, since there all is text: no null, no true or false, no fraction, nothing empty.';
  throw wrong(`commands.${lost}.params`, message);
}

/** One batch on its way. */
class RunningBatch {
  private readonly known: (CommandOutcome | undefined)[];
  /** Those that can't share a request: by what they hold, or since the portal takes no batch of them now. */
  private readonly alone: Set<number>;
  stopped = false;
  /** The portal pronounced on one of them, or may have carried one out. */
  private wasHeard = false;

  constructor(
    private readonly commands: readonly Command[],
    private readonly send: (command: Command) => Promise<Answer>,
    private readonly onProgress: OnCommandOutcome,
  ) {
    this.known = commands.map(() => undefined);
    this.alone = new Set(commands.flatMap((it, i) => (batchedBytes(it.method, it.params) === undefined ? [i] : [])));
  }

  /** @throws Fault the first one's when nothing was heard of any */
  outcomes(): readonly CommandOutcome[] {
    const all = this.known.map((it) => it ?? failedOutcome(new Fault('internal_error')));
    const [first] = all;
    if (!this.wasHeard && first?.ok === false) throw first.fault;
    return all;
  }

  /** Each by itself, for the lane to seat as it likes. */
  async atOnce(): Promise<void> {
    let next = 0;
    const one = async () => {
      while (next < this.commands.length) await this.sendAlone(next++);
    };
    await Promise.all(Array.from({ length: maxConcurrentReads }, one));
  }

  /** One request of the caller's own, with its own names. @throws Fault when it failed as a whole */
  async asOne(names: readonly string[], halt: boolean): Promise<void> {
    const answers = await this.sendBatch(this.commands, names, halt);
    answers.forEach((answer, i) => this.settle(i, wasRun(answer) ? answer : notRunOutcome()));
  }

  /** One request after the other, each with as many as can share it. */
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

  /** From the front, as many as one request takes. */
  private nextChunk(waiting: readonly number[]): number[] {
    const chunk: number[] = [];
    let bytes = 0;
    for (const i of waiting) {
      const command = this.commands[i];
      if (!command || this.alone.has(i) || chunk.length === maxBatchCommands) break;
      bytes += batchedBytes(command.method, command.params) ?? 0;
      if (bytes > maxRequestBytes) break;
      chunk.push(i);
    }
    return chunk.length > 0 ? chunk : waiting.slice(0, 1);
  }

  /** What was not run still waits. False when nothing may follow: it would overtake, or meet the same. */
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
        // Of the batch itself, or of one method in it: nothing was run, and the others may go.
        for (const i of indexes) this.alone.add(i);
        return true;
      }
      for (const i of indexes) this.fail(i, fault);
      return false;
    }
  }

  /** False when nothing may follow. */
  private async sendAlone(i: number): Promise<boolean> {
    const command = this.commands[i];
    if (!command) return false;
    try {
      const answer = await this.send(command);
      this.wasHeard = true;
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
    this.wasHeard = true;
    return answer.inside ?? [];
  }

  private fail(i: number, fault: Fault): void {
    const { method = '', effect } = this.commands[i] ?? {};
    if (effect === 'write' && classifyWriteFailure(fault) === 'lost') this.wasHeard = true;
    // What failed was a batch; a caller knows of none.
    this.settle(i, failedOutcome(fault.upstream ? fault.with({ upstream: { ...fault.upstream, method } }) : fault));
  }

  private settle(i: number, outcome: CommandOutcome): void {
    this.known[i] = outcome;
    this.onProgress(i, outcome);
  }
}

function wasRun(answer: Answer): boolean {
  return answer.ok || answer.fault.again !== 'not_run';
}

function notRunOutcome(): CommandOutcome {
  return failedOutcome(new Fault('command_not_run'));
}

function failedOutcome(fault: Fault): CommandOutcome {
  return { ok: false, fault };
}
