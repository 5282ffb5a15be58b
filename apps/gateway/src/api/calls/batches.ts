import { type Answer, asFault, type Command, Fault, type FaultCode, type PortalId, type Result } from '@b24/portal';
import { arrivesWhole, commandNames, ownBatch, sharedSize } from '@b24/upstream';
import { judge } from '@b24/idempotency';
import type { Caller, RequestLine } from '../../request-line';
import { type AnyCalls, commandOf, type MethodCall } from './any-calls';

/** What one request of the portal's `batch` runs, and may weigh. */
export const mostInside = 50;
const heaviestTripBytes = 512 * 1024;
/** Reads of one batch that wait in the lane at once: enough to fill its trips, and not the lane. */
const mostAtOnce = 200;
/** Trips in a row that the portal may end before it has run any of theirs. */
const mostVain = 3;

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
export type Outcome = Result | { readonly ok: false; readonly fault: Fault };
/** As the audit log has it. */
export function codeOf(outcome: Outcome): 'done' | FaultCode {
  return outcome.ok ? 'done' : outcome.fault.code;
}

/** A batch that has been run. */
export interface Ran {
  /** Outcome i belongs to command i. */
  readonly outcomes: readonly Outcome[];
  /** What would come behind it must not be sent: it would overtake what may still run, or meet the same. */
  readonly stopped: boolean;
}
/** Told of each command as soon as it is known what became of it. */
export type Progress = (index: number, outcome: Outcome) => void;
type Asking = Pick<Caller, 'client' | 'signal'>;

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
    asking: Pick<Caller, 'client'>,
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
    asking: Asking,
    portal: PortalId,
    commands: readonly BatchCommand[],
    options: BatchOptions,
    onProgress: Progress = () => undefined,
  ): Promise<Ran> {
    this.check(asking, portal, commands, options);
    const send = (command: Command) => this.line.answer(asking, 'call', portal, command);
    const batch = new RunningBatch(commands.map(commandOf), send, onProgress);
    if (options.references) await batch.asOne(namesOf(commands), options.halt);
    else if (options.halt || commands.some((it) => commandOf(it).effect === 'write')) await batch.inOrder(options.halt);
    else await batch.atOnce();
    return { outcomes: batch.outcomes(), stopped: batch.stopped };
  }
}

/** @throws Fault invalid_request when only some have names, or two have the same */
function namesOf(commands: readonly BatchCommand[]): string[] {
  const wrong = (path: string, message: string) => new Fault('invalid_request', { errors: [{ path, message }] });
  if (commands.length > mostInside) throw wrong('commands', `At most ${mostInside} can refer to each other.`);
  const names = commands.map(({ name }, i) => name ?? String(i));
  const named = commands.filter(({ name }) => name !== undefined).length;
  // Names and places together would not keep their order on the way.
  if (named > 0 && named < commands.length) throw wrong('commands', 'Name all of them, or none.');
  if (new Set(names).size < names.length) throw wrong('commands', 'Each must have a name of its own.');
  const lost = commands.findIndex((it) => !arrivesWhole(it.method, commandOf(it).params));
  if (lost < 0) return names;
  const message =
    'Would not arrive as it is, since there all is text: no null, no true or false, no fraction, nothing empty.';
  throw wrong(`commands.${lost}.params`, message);
}

/** One batch on its way. */
class RunningBatch {
  private readonly told: (Outcome | undefined)[];
  /** Those that can't share a request: by what they hold, or since the portal takes no batch of them now. */
  private readonly alone: Set<number>;
  stopped = false;
  /** The portal pronounced on one of them, or may have carried one out. */
  private heard = false;

  constructor(
    private readonly commands: readonly Command[],
    private readonly send: (command: Command) => Promise<Answer>,
    private readonly onProgress: Progress,
  ) {
    this.told = commands.map(() => undefined);
    this.alone = new Set(commands.flatMap((it, i) => (sharedSize(it.method, it.params) === undefined ? [i] : [])));
  }

  /** @throws Fault the first one's when nothing was heard of any */
  outcomes(): readonly Outcome[] {
    const all = this.told.map((it) => it ?? refused(new Fault('internal_error')));
    const [first] = all;
    if (!this.heard && first?.ok === false) throw first.fault;
    return all;
  }

  /** Each by itself, for the lane to seat as it likes. */
  async atOnce(): Promise<void> {
    let next = 0;
    const one = async () => {
      while (next < this.commands.length) await this.single(next++);
    };
    await Promise.all(Array.from({ length: mostAtOnce }, one));
  }

  /** One request of the caller's own, with its own names. @throws Fault when it failed as a whole */
  async asOne(names: readonly string[], halt: boolean): Promise<void> {
    const answers = await this.trip(this.commands, names, halt);
    answers.forEach((answer, i) => this.tell(i, wasRun(answer) ? answer : notRun()));
  }

  /** One request after the other, each with as many as can share it. */
  async inOrder(halt: boolean): Promise<void> {
    let waiting = this.commands.map((_, i) => i);
    let vain = 0;
    while (waiting.length > 0) {
      const chunk = this.firstOf(waiting);
      const goesOn = chunk.length === 1 ? await this.single(chunk[0] ?? 0) : await this.chunk(chunk, halt);
      const left = waiting.filter((i) => !this.told[i]);
      const refusedOne = chunk.some((i) => this.told[i]?.ok === false);
      vain = left.length < waiting.length || this.alone.has(chunk[0] ?? 0) ? 0 : vain + 1;
      waiting = left;
      if (goesOn && !(halt && refusedOne) && vain < mostVain) continue;
      this.stopped = true;
      for (const i of waiting) this.tell(i, notRun());
      return;
    }
  }

  /** From the front, as many as one request takes. */
  private firstOf(waiting: readonly number[]): number[] {
    const chunk: number[] = [];
    let bytes = 0;
    for (const i of waiting) {
      const command = this.commands[i];
      if (!command || this.alone.has(i) || chunk.length === mostInside) break;
      bytes += sharedSize(command.method, command.params) ?? 0;
      if (bytes > heaviestTripBytes) break;
      chunk.push(i);
    }
    return chunk.length > 0 ? chunk : waiting.slice(0, 1);
  }

  /** What was not run still waits. False when nothing may follow: it would overtake, or meet the same. */
  private async chunk(indexes: readonly number[], halt: boolean): Promise<boolean> {
    const commands = indexes.flatMap((i) => this.commands[i] ?? []);
    try {
      const answers = await this.trip(commands, commandNames(commands.length), halt);
      answers.forEach((answer, at) => {
        const i = indexes[at];
        if (i !== undefined && wasRun(answer)) this.tell(i, answer);
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
  private async single(i: number): Promise<boolean> {
    const command = this.commands[i];
    if (!command) return false;
    try {
      const answer = await this.send(command);
      this.heard = true;
      this.tell(i, answer);
      return true;
    } catch (error) {
      const fault = asFault(error);
      this.fail(i, fault);
      return fault.code === 'operating_time_spent';
    }
  }

  private async trip(
    commands: readonly Command[],
    names: readonly string[],
    halt: boolean,
  ): Promise<readonly Answer[]> {
    const answer = await this.send(ownBatch(commands, names, halt));
    if (!answer.ok) throw answer.fault;
    this.heard = true;
    return answer.inside ?? [];
  }

  private fail(i: number, fault: Fault): void {
    const { method = '', effect } = this.commands[i] ?? {};
    if (effect === 'write' && judge(fault) === 'lost') this.heard = true;
    // What failed was a batch; a caller knows of none.
    this.tell(i, refused(fault.upstream ? fault.with({ upstream: { ...fault.upstream, method } }) : fault));
  }

  private tell(i: number, outcome: Outcome): void {
    this.told[i] = outcome;
    this.onProgress(i, outcome);
  }
}

function wasRun(answer: Answer): boolean {
  return answer.ok || answer.fault.again !== 'not_run';
}

function notRun(): Outcome {
  return refused(new Fault('command_not_run'));
}

function refused(fault: Fault): Outcome {
  return { ok: false, fault };
}
