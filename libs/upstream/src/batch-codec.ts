import { randomBytes } from 'node:crypto';
import {
  type Answer,
  type Command,
  Fault,
  type HttpAnswer,
  type Inner,
  concernsGrant,
  type Operating,
  asCommandFault,
  orderedObject,
} from '@b24/portal';
import {
  type VendorEnvelope,
  parseEnvelope,
  isJsonObject,
  isUnreadable,
  readOperating,
  readPage,
  translateError,
  readTimes,
} from './answer-body';
import { phpQuery } from './php-query';

/**
 * Command names that no caller can guess, so that no reference reaches another's command
 * (docs/bitrix24-rules.md#batch).
 */
export function commandNames(count: number): string[] {
  const prefix = randomBytes(6).toString('hex');
  return Array.from({ length: count }, (_, i) => `c${prefix}_${i}`);
}

/** Returns the parameters of `batch`: one URL per command, run in this order; a failed command does not stop the others. */
export function encodeBatch(commands: readonly Command[], names: readonly string[]): Record<string, unknown> {
  return { halt: 0, cmd: orderedObject(commands.map((command, i) => [names[i] ?? '', commandUrl(command)])) };
}

/** Returns the same as JSON. It writes the text at once, because an object with new names is slow to make. */
export function batchJson(commands: readonly Command[], names: readonly string[]): string {
  let cmd = '';
  for (const [i, command] of commands.entries())
    cmd += `${i === 0 ? '' : ','}${JSON.stringify(names[i] ?? '')}:${JSON.stringify(commandUrl(command))}`;
  return `{"halt":0,"cmd":{${cmd}}}`;
}

function commandUrl({ method, params }: Command): string {
  const query = phpQuery(params);
  return query ? `${method}?${query}` : method;
}

/**
 * Returns a caller's own batch as one command that shares its request with no other. Its inner commands may refer to each
 * other by these names, and the answer holds an answer for each.
 */
export function callerBatch(commands: readonly Command[], names: readonly string[], halt: boolean): Command {
  const { cmd } = encodeBatch(commands, names);
  return {
    method: 'batch',
    params: { halt: halt ? 1 : 0, cmd },
    effect: commands.some(({ effect }) => effect === 'write') ? 'write' : 'read',
    inside: commands.map(({ method }, i) => ({ name: names[i] ?? '', method })),
  };
}

/** Decodes the answer of each inner command. @throws Fault portal_error when it is not a batch's answer */
export function decodeInside(inside: readonly Inner[], result: unknown, upstreamMs: number, nowMs: number): Answer[] {
  const batch = { parts: readParts(result), batchOperating: undefined, upstreamMs, nowMs };
  return inside.map((it) => decodeItem(it, it.name, batch));
}

/** Decodes a portal's answer to a batch: answer i belongs to command i. @throws Fault when the whole batch failed */
export function decodeBatch(
  commands: readonly Command[],
  names: readonly string[],
  answer: HttpAnswer,
  upstreamMs: number,
  nowMs: number,
): Answer[] {
  const body = parseEnvelope('batch', answer);
  if (isUnreadable(body)) throw body.fault;
  if ('error' in body) throw batchFault(answer.status, body, nowMs);
  const parts = readParts(body['result']);
  const batchOperating = readOperating(body['time'], nowMs);
  return commands.map((command, i) =>
    decodeItem(command, names[i] ?? '', { parts, batchOperating, upstreamMs, nowMs }),
  );
}

interface BatchAnswerParts {
  readonly result: VendorEnvelope;
  readonly result_error: VendorEnvelope;
  readonly result_total: VendorEnvelope;
  readonly result_next: VendorEnvelope;
  readonly result_time: VendorEnvelope;
}

interface BatchAnswer {
  readonly parts: BatchAnswerParts;
  readonly batchOperating: Operating | undefined;
  readonly upstreamMs: number;
  readonly nowMs: number;
}

function decodeItem(
  { method }: Pick<Command, 'method'>,
  name: string,
  { parts, batchOperating, upstreamMs, nowMs }: BatchAnswer,
): Answer {
  const times = {
    ...readTimes(parts.result_time[name], upstreamMs, nowMs),
    ...(batchOperating && { batchOperating }),
  };
  const error = parts.result_error[name];
  if (error !== undefined) {
    const { fault } = translateError(method, 200, isJsonObject(error) ? error : { error: '' }, nowMs);
    // The portal accepted the batch and its token, so the error of one command concerns only that command.
    const isOwn = concernsGrant(fault) || fault.retryReason === 'bucket_full';
    return { ok: false, fault: isOwn ? asCommandFault(fault) : fault, ...times };
  }
  if (!Object.hasOwn(parts.result, name)) return { ok: false, fault: notRunFault(method), ...times };
  const page = readPage(parts.result_total[name], parts.result_next[name]);
  return { ok: true, value: parts.result[name], ...page, ...times };
}

/**
 * Returns the fault of a whole batch. When the operating time of `batch` is used up, or the portal rejects `batch`, nothing
 * was executed and the same commands may be sent one by one.
 */
function batchFault(status: number, body: VendorEnvelope, nowMs: number): Fault {
  const { fault, concerns } = translateError('batch', status, body, nowMs);
  if (fault.code === 'operating_time_spent') return fault.with({ retryReason: 'batch_spent' });
  return concerns === 'command' && fault.code !== 'portal_error' ? fault.with({ retryReason: 'alone' }) : fault;
}

function notRunFault(method: string): Fault {
  return new Fault('portal_error', {
    detail: 'The portal ended the request before this command, several times; the command was not executed.',
    upstream: { method, status: 200, error: '', description: '' },
    retryReason: 'not_run',
  });
}

/** @throws Fault portal_error when it is not a batch's answer */
function readParts(result: unknown): BatchAnswerParts {
  if (!isJsonObject(result) || !('result' in result)) {
    throw new Fault('portal_error', {
      detail: 'The portal answered in an unknown shape; a write may or may not have been executed.',
    });
  }
  const part = (name: keyof BatchAnswerParts) => toMap(result[name]);
  return {
    result: part('result'),
    result_error: part('result_error'),
    result_total: part('result_total'),
    result_next: part('result_next'),
    result_time: part('result_time'),
  };
}

/** PHP writes an empty map, or one with the keys 0..n, as a list. */
function toMap(value: unknown): VendorEnvelope {
  if (Array.isArray(value)) return Object.fromEntries(value.entries());
  return isJsonObject(value) ? value : {};
}
