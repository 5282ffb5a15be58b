import type { Answer, Command } from '@b24/portal';
import type { QueuedCall } from './queued-call';
import type { PortalLedger } from './operating-ledger';

/*
 * Which calls may share a batch (docs/bitrix24-rules.md#batch). One process runs the whole batch: commands on one entity
 * see each other's cached state, and a `$` in a string reads the results of other commands.
 */

/** The vendor's limit on the commands of a batch. */
export const maxBatchCommands = 50;
/** The predicted run time of a batch, ms. The vendor stops a batch after 60 s, and most callers wait for 30 s. */
const maxBatchRunMs = 20_000;
export const maxBatchBytes = 512 * 1024;

/** Whether both commands certainly concern the same entity. */
export function isSameEntity({ entity: a }: Command, { entity: b }: Command): boolean {
  if (!a || !b) return false;
  return a.family === b.family && agreement(a.ids, b.ids) === 'agree';
}

/** Whether both commands may concern the same entity. */
export function mayBeSameEntity({ entity: a }: Command, { entity: b }: Command): boolean {
  if (!a || !b) return true;
  return a.family === b.family && agreement(a.ids, b.ids) !== 'differ';
}

type Ids = NonNullable<Command['entity']>['ids'];

function agreement(a: Ids, b: Ids): 'agree' | 'differ' | 'open' {
  const shared = Object.keys(a).filter((kind) => Object.hasOwn(b, kind));
  if (shared.some((kind) => a[kind] !== b[kind])) return 'differ';
  return shared.length > 0 ? 'agree' : 'open';
}

/** The vendor's method names are case-insensitive. */
function isSameMethod(a: Command, b: Command): boolean {
  return a.method.toLowerCase() === b.method.toLowerCase();
}

/** Collects the calls of one request, in the order of their commands. */
export class BatchBuilder {
  readonly calls: QueuedCall[] = [];
  readonly commands: Command[] = [];
  private bytes = 0;
  private predictedMs = 0;
  private writes = false;

  constructor(private readonly ledger: PortalLedger) {}

  /** Whether no call can be added any more. */
  get isFull(): boolean {
    const isAlone = this.calls[0] !== undefined && this.calls[0].batchBytes === undefined;
    return isAlone || this.commands.length >= maxBatchCommands;
  }

  canAdd(call: QueuedCall): boolean {
    if (this.calls.length === 0) return true;
    const { commands, batchBytes } = call;
    if (batchBytes === undefined || this.calls[0]?.batchBytes === undefined || this.ledger.isSpent('batch'))
      return false;
    if (this.commands.length + commands.length > maxBatchCommands) return false;
    if (this.bytes + batchBytes > maxBatchBytes) return false;
    if (this.predictedMs + this.predict(commands) > maxBatchRunMs) return false;
    return commands.every((command) => this.isCompatible(command));
  }

  add(call: QueuedCall): void {
    this.calls.push(call);
    this.commands.push(...call.commands);
    this.bytes += call.batchBytes ?? 0;
    this.predictedMs += this.predict(call.commands);
    this.writes ||= call.isWrite;
  }

  /** Splits the answers of the batch by call. */
  answersByCall(answers: readonly Answer[]): Map<QueuedCall, readonly Answer[]> {
    let next = 0;
    return new Map(this.calls.map((call) => [call, answers.slice(next, (next += call.commands.length))]));
  }

  /** Returns a batch of the other calls. */
  without(gone: ReadonlySet<QueuedCall>): BatchBuilder {
    const rest = new BatchBuilder(this.ledger);
    for (const call of this.calls) if (!gone.has(call)) rest.add(call);
    return rest;
  }

  private isCompatible(command: Command): boolean {
    if (this.ledger.isNearLimit(command.method) && this.commands.some((it) => isSameMethod(it, command))) {
      return false;
    }
    if (command.effect === 'read' && !this.writes) return true;
    return !this.commands.some(
      (it) => (it.effect === 'write' || command.effect === 'write') && mayBeSameEntity(it, command),
    );
  }

  private predict(commands: readonly Command[]): number {
    return commands.reduce((sum, { method }) => sum + this.ledger.predictMs(method), 0);
  }
}
