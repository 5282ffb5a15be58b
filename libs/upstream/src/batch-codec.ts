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
  const trip = randomBytes(6).toString('hex');
  return Array.from({ length: count }, (_, i) => `c${trip}_${i}`);
}

/** The parameters of `batch`: one URL a command, run in this order, none stopping the others. */
export function encodeBatch(commands: readonly Command[], names: readonly string[]): Record<string, unknown> {
  const urls = commands.map(({ method, params }) => {
    const query = phpQuery(params);
    return query ? `${method}?${query}` : method;
  });
  return { halt: 0, cmd: Object.fromEntries(urls.map((url, i) => [names[i], url])) };
}

/**
 * A batch of a caller's own, which travels alone: what it runs inside may refer to each other by these names, and to
 * nobody else's. Its answer tells each of theirs.
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

/** What the portal says of each command inside. @throws Fault portal_error when it is no batch's answer */
export function decodeInside(inside: readonly Inner[], result: unknown, upstreamMs: number, nowMs: number): Answer[] {
  const batch = { parts: readParts(result), batchOperating: undefined, upstreamMs, nowMs };
  return inside.map((it) => decodeItem(it, it.name, batch));
}

/** A portal's answer to a batch, decoded: answer i to command i. @throws Fault when the batch as a whole failed. */
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
    // The portal took the batch and its token: what it says of one command then concerns that command.
    const isOwn = concernsGrant(fault) || fault.again === 'bucket_full';
    return { ok: false, fault: isOwn ? asCommandFault(fault) : fault, ...times };
  }
  if (!Object.hasOwn(parts.result, name)) return { ok: false, fault: notRunFault(method), ...times };
  const page = readPage(parts.result_total[name], parts.result_next[name]);
  return { ok: true, value: parts.result[name], ...page, ...times };
}

/**
 * The portal's budget for `batch` itself is spent, or it refuses `batch`: nothing was run, and the same commands may go
 * one by one.
 */
function batchFault(status: number, body: VendorEnvelope, nowMs: number): Fault {
  const { fault, concerns } = translateError('batch', status, body, nowMs);
  if (fault.code === 'operating_time_spent') return fault.with({ again: 'batch_spent' });
  return concerns === 'command' && fault.code !== 'portal_error' ? fault.with({ again: 'alone' }) : fault;
}

function notRunFault(method: string): Fault {
  return new Fault('portal_error', {
    detail: 'The portal ended the request before it came to this command, several times; the command was not run.',
    upstream: { method, status: 200, error: '', description: '' },
    again: 'not_run',
  });
}

/** @throws Fault portal_error when it is no batch's answer */
function readParts(result: unknown): BatchAnswerParts {
  if (!isJsonObject(result) || !('result' in result)) {
    throw new Fault('portal_error', {
      detail: 'The portal answered in no known shape; a write may or may not have been carried out.',
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

/** PHP writes a map whose keys are 0..n, an empty one among them, as a list. */
function toMap(value: unknown): VendorEnvelope {
  if (Array.isArray(value)) return Object.fromEntries(value.entries());
  return isJsonObject(value) ? value : {};
}
