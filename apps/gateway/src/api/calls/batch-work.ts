import type { AuditEntry, Client } from '@b24/access';
import type { ItemOutcome, JobWork } from '@b24/jobs';
import { asFault, type Clock, Fault, type FaultCode, faultTable, type PortalId, within } from '@b24/portal';
import { maxBatchCommands } from '@b24/queue';
import { z } from 'zod';
import { deadlineExceeded } from '../../http/caller';
import { executedMethods } from '../../http/audit-context';
import { isReadMethod } from '../../line/any-method';
import { RequestCalls } from '../../line/request-calls';
import { type BatchCommand, type Batches, type BatchOptions, outcomeCode, type CommandOutcome } from './batches';
import { batchItemSchema, batchItem } from './batch-item';

/** The payload of a batch job. */
export interface BatchJobPayload extends BatchOptions {
  readonly portal: PortalId;
  /** The name by which the request named the portal. */
  readonly portalName?: string;
  readonly commands: readonly BatchCommand[];
  /** Time limit of each part. */
  readonly deadlineMs: number;
  readonly requestId: string;
  /** The address of the caller. */
  readonly source?: string;
}

/** Records the outcome of a part in the audit log. */
export type RecordBatchAudit = (entry: Omit<AuditEntry, 'atMs'>) => void;

export const batchPartSchema = z
  .object({
    from: z.int().min(0).meta({ description: 'The index of the first of these commands in the request, from 0.' }),
    results: z.array(batchItemSchema).describe('The outcomes, in the order of the commands.'),
  })
  .meta({ id: 'BatchPart', examples: [{ from: 50, results: [{ ok: true, result: true }] }] });

/** The title of a batch job. @param portal the name by which the request named the portal */
export function batchTitle({ commands }: Pick<BatchJobPayload, 'commands'>, portal: string): string {
  return `Batch of ${commands.length === 1 ? '1 command' : `${commands.length} commands`} on ${portal}`;
}

/** Counts the parts of a batch. Commands that refer to each other form one part; others fill parts of one request each. */
export function countBatchParts({ commands, references }: Pick<BatchJobPayload, 'commands' | 'references'>): number {
  return references ? 1 : Math.ceil(commands.length / maxBatchCommands);
}

/** The number of commands of each part but the last. */
export function batchPartSize({ commands, references }: Pick<BatchJobPayload, 'commands' | 'references'>): number {
  return references ? commands.length : maxBatchCommands;
}

/** Returns the work of a batch job: an item is a part of the batch. The parts keep the order if the batch does. */
export function batchWork(
  batches: Batches,
  clock: Clock,
  note: RecordBatchAudit,
  payload: BatchJobPayload,
): JobWork<Client> {
  const { portal, commands, halt, references, deadlineMs, requestId, source } = payload;
  const calls = new RequestCalls('runBatch');
  const isRead = commands.every(({ method }) => isReadMethod(method));
  const inOrder = halt || references || !isRead;
  const size = batchPartSize(payload);
  const partAt = (index: number) => commands.slice(index * size, (index + 1) * size);
  /** A part has failed in a way that stops the parts after it. */
  let over = false;
  const itemOutcomeOf = (index: number, outcomes: readonly CommandOutcome[]): ItemOutcome => {
    const part = partAt(index);
    const results = outcomes.map((outcome, i) => batchItem(outcome, part[i]?.method ?? '', requestId));
    const failed = outcomes.find(({ ok }) => !ok);
    return {
      line: { from: index * size, results },
      code: failed && !failed.ok ? failed.fault.code : 'ok',
      forbidsMore: over,
    };
  };
  /** Records each part that writes as a write of its own; the entry of the job records only the request. */
  const noteRun = (index: number, { id: actor, name }: Client, codes: readonly ('done' | FaultCode)[]) => {
    const methods = partAt(index).map(({ method }) => method);
    if (methods.every(isReadMethod)) return;
    const outcome = codes.find((code) => code === 'done') ?? codes[0] ?? 'done';
    const status = outcome === 'done' ? 200 : faultTable[outcome].status;
    const ids = { from: index * size, ...executedMethods(methods, codes) };
    const from = { requestId, ...(source !== undefined && { source }) };
    note({ actor, name, action: 'runBatch', portal, status, outcome, ...from, ids });
  };
  const all = (index: number, fault: Fault) =>
    itemOutcomeOf(
      index,
      partAt(index).map(() => ({ ok: false, fault })),
    );
  return {
    inOrder,
    effectOf: (index) => (partAt(index).every(({ method }) => isReadMethod(method)) ? 'read' : 'write'),
    async perform(index, client, signal) {
      if (over) return all(index, new Fault('command_not_run'));
      const inTime = { clock, ms: deadlineMs, late: () => deadlineExceeded(deadlineMs) };
      const run = (ends: AbortSignal) =>
        batches.run({ client, requestId, calls, signal: ends }, portal, partAt(index), { halt, references });
      try {
        const { outcomes, stopped } = await within(inTime, signal, run);
        over = stopped;
        noteRun(index, client, outcomes.map(outcomeCode));
        return itemOutcomeOf(index, outcomes);
      } catch (error) {
        const fault = asFault(error);
        const codes = partAt(index).map(() => fault.code);
        noteRun(index, client, codes);
        over = inOrder && fault.code !== 'operating_time_spent';
        return all(index, fault);
      }
    },
    failed(index, code, detail) {
      over ||= inOrder && forbidsMore(code);
      return all(index, new Fault(code, detail ? { detail } : {}));
    },
    forbidMore() {
      over = true;
    },
  };
}

/** Whether later parts would overtake commands that may still run. */
function forbidsMore(code: FaultCode): boolean {
  return code === 'outcome_unknown' || code === 'command_not_run';
}
