import type { Client, ClientKeys } from '@b24/access';
import type { Job, JobRecords, Jobs } from '@b24/jobs';
import { asFault, type FaultCode, faultTable } from '@b24/portal';
import { digestOf } from '../../http/idempotency-key';
import { type BatchJobPayload, batchPartSize } from '../calls/batch-work';
import type { FanOut } from '../calls/fan-out';
import { type FanOutJobPayload, storedTargets } from '../calls/fan-out-work';
import { itemOf } from './job-items';
import {
  type ItemCodes,
  notRetryable,
  type RetryItems,
  type RetrySelection,
  selectCommands,
  selectTargets,
} from './retry-selection';

const readAtOnce = 20;

export interface RetryRequest {
  readonly items: RetryItems;
  readonly requestId: string;
  /** The address of the caller. */
  readonly source: string;
}

/** The new job, and how many portals or commands it retries and leaves out. */
export interface StartedRetry {
  readonly job: Job;
  readonly items: number;
  readonly leftOut: number;
}

/**
 * Retries items of a finished job as a new job of the same client. Each item is retried once for each job: the new job's id
 * follows from the old one and the selection, so that a repeated request gets the same job.
 */
export class JobRetry {
  constructor(
    private readonly jobs: Jobs<Client>,
    private readonly records: JobRecords,
    private readonly keys: Pick<ClientKeys, 'byId'>,
    private readonly fanOut: Pick<FanOut, 'targets'>,
  ) {}

  /** @throws Fault job_not_retryable, too_many_jobs, storage_budget_spent */
  async start(job: Job, request: RetryRequest): Promise<StartedRetry> {
    if (job.finishedAtMs === undefined) throw notRetryable('It is not finished.');
    const owner = await this.ownerOf(job);
    const payload = await this.records.payload(job.id);
    if (payload === undefined) throw notRetryable('Nothing of it failed.');
    const selection = await this.selectionOf(job, owner, payload, request);
    const { requestId, source } = request;
    const name = digestOf('job retry', job.id, request.items).slice(0, 32);
    const made = await this.jobs.create({
      ...{ id: `j_${name}`, client: owner.id, clientName: owner.name, kind: job.kind, retryOf: job.id },
      ...{ fingerprint: name, title: selection.title, total: selection.total },
      payload: { ...selection.payload, requestId, source },
    });
    return { job: made, items: selection.items, leftOut: selection.leftOut };
  }

  /** The client whose rights the new job has. @throws Fault job_not_retryable */
  private async ownerOf({ client }: Job): Promise<Client> {
    try {
      return await this.keys.byId(client);
    } catch (error) {
      const { code } = asFault(error);
      if (code !== 'key_invalid' && code !== 'key_expired') throw error;
      const state = code === 'key_expired' ? 'has expired' : 'was deleted';
      throw notRetryable(`The key that created it ${state}, and a job runs with the rights of its key.`);
    }
  }

  private async selectionOf(
    job: Job,
    owner: Client,
    payload: unknown,
    { items }: RetryRequest,
  ): Promise<RetrySelection<FanOutJobPayload | BatchJobPayload>> {
    if (job.kind === 'batch') {
      const batch = payload as BatchJobPayload;
      return selectCommands(batch, await this.commandCodes(job, batch), items);
    }
    const selection = selectTargets(payload as FanOutJobPayload, await this.itemCodes(job), items);
    return { ...selection, payload: await this.withFoundPortals(owner, selection.payload) };
  }

  /** Looks up the portals that were not found when the job was created. */
  private async withFoundPortals(owner: Client, payload: FanOutJobPayload): Promise<FanOutJobPayload> {
    const names = payload.targets.flatMap(({ portal, named }) =>
      portal === undefined && named.name !== undefined ? [named.name] : [],
    );
    if (names.length === 0) return payload;
    const found = storedTargets(await this.fanOut.targets(owner, names));
    const byName = new Map(found.map((it) => [it.named.name, it]));
    const targets = payload.targets.map((it) => (it.portal === undefined ? (byName.get(it.named.name) ?? it) : it));
    return { ...payload, targets };
  }

  /** The codes of failed items; of a job that could not continue, also the items that it never came to. */
  private async itemCodes(job: Job): Promise<ItemCodes> {
    const codes = new Map<number, FaultCode | 'none'>();
    for await (const [index, line] of this.linesOf(job))
      if (line === undefined) codes.set(index, 'none');
      else {
        const { code } = itemOf(index, line);
        if (code !== undefined) codes.set(index, faultCode(code));
      }
    return codes;
  }

  private async commandCodes(job: Job, payload: BatchJobPayload): Promise<ItemCodes> {
    const codes = new Map<number, FaultCode | 'none'>();
    const size = batchPartSize(payload);
    for await (const [index, line] of this.linesOf(job)) {
      const from = index * size;
      const notBegun = line === undefined ? payload.commands.slice(from, from + size) : [];
      notBegun.forEach((_, i) => codes.set(from + i, 'none'));
      const { failures = [] } = line === undefined ? {} : itemOf(index, line);
      for (const { command, code } of failures) codes.set(command, faultCode(code));
    }
    return codes;
  }

  /** Yields the lines of failed items; of a job that could not continue, of all its items. */
  private async *linesOf(job: Job): AsyncGenerator<readonly [index: number, line: string | undefined]> {
    const indexes =
      job.state === 'failed' ? Array.from({ length: job.total }, (_, i) => i) : await this.records.failures(job.id);
    for (let at = 0; at < indexes.length; at += readAtOnce) {
      const some = indexes.slice(at, at + readAtOnce);
      const lines = await this.records.linesAt(job.id, some);
      for (const [i, index] of some.entries()) yield [index, lines[i]];
    }
  }
}

/** A code of a later version counts as unknown. */
function faultCode(code: string): FaultCode {
  return Object.hasOwn(faultTable, code) ? (code as FaultCode) : 'outcome_unknown';
}
