import { Fault, type FaultCode, faultTable } from '@b24/portal';
import { isReadMethod } from '../../line/any-method';
import { type BatchJobPayload, batchTitle, countBatchParts } from '../calls/batch-work';
import { type FanOutJobPayload, fanOutTitle, type StoredTarget } from '../calls/fan-out-work';

/** failed: items that were certainly not executed, and reads. unknown: writes that may have been executed. */
export type RetryItems = 'failed' | 'unknown';

/** The work of a job that retries items of another one. */
export interface RetrySelection<Payload> {
  readonly payload: Payload;
  readonly title: string;
  /** The number of items of the new job. */
  readonly total: number;
  /** The number of portals or commands that are retried, and of those that failed and are left out. */
  readonly items: number;
  readonly leftOut: number;
}

/** The codes of items that failed, by index; `none` for an item that was never begun. */
export type ItemCodes = ReadonlyMap<number, FaultCode | 'none'>;

/** Codes of writes that were executed, although their answer is missing. */
const executed: ReadonlySet<string> = new Set<FaultCode>(['answer_too_large', 'result_too_large']);

/** Whether a command that failed with this code may have been executed, so that a repetition may write twice. */
export function mayHaveRun(method: string, code: FaultCode | 'none'): boolean {
  if (code === 'none' || isReadMethod(method)) return false;
  return executed.has(code) || faultTable[code].retry === 'unsafe';
}

/** Selects the portals of a fan-out. @throws Fault job_not_retryable when none is left */
export function selectTargets(
  payload: FanOutJobPayload,
  codes: ItemCodes,
  wanted: RetryItems,
): RetrySelection<FanOutJobPayload> {
  const isWanted = (code: FaultCode | 'none') => mayHaveRun(payload.method, code) === (wanted === 'unknown');
  const indexes = [...codes].filter(([, code]) => isWanted(code)).map(([index]) => index);
  const targets = indexes.map((index) => payload.targets[index]).filter((it): it is StoredTarget => it !== undefined);
  if (targets.length === 0) throw nothingToRetry(wanted, codes.size);
  const selected = { ...payload, targets };
  const counts = { total: targets.length, items: targets.length, leftOut: codes.size - targets.length };
  return { payload: selected, title: fanOutTitle(selected), ...counts };
}

/**
 * Selects the commands of a batch. @param codes by index of the command
 * @throws Fault job_not_retryable when none is left, or when commands refer to each other and not all are retried
 */
export function selectCommands(
  payload: BatchJobPayload,
  codes: ItemCodes,
  wanted: RetryItems,
): RetrySelection<BatchJobPayload> {
  const commands = payload.commands.filter(({ method }, index) => {
    const code = codes.get(index);
    return code !== undefined && mayHaveRun(method, code) === (wanted === 'unknown');
  });
  if (commands.length === 0) throw nothingToRetry(wanted, codes.size);
  if (payload.references && commands.length < payload.commands.length)
    throw notRetryable('Its commands refer to each other, so they can only be retried together, and some have run.');
  const selected = { ...payload, commands };
  return {
    payload: selected,
    title: batchTitle(selected, payload.portalName ?? payload.portal),
    total: countBatchParts(selected),
    items: commands.length,
    leftOut: codes.size - commands.length,
  };
}

export function notRetryable(detail: string): Fault {
  return new Fault('job_not_retryable', { detail });
}

function nothingToRetry(wanted: RetryItems, failed: number): Fault {
  if (failed === 0) return notRetryable('Nothing of it failed.');
  return wanted === 'unknown'
    ? notRetryable('No write of it has an unknown outcome.')
    : notRetryable(
        'All that failed are writes that may have been executed. Look at the portals; `"items": "unknown"` repeats them.',
      );
}
