import { randomBytes } from 'node:crypto';
import {
  type Answer,
  type Command,
  Fault,
  type HttpAnswer,
  type Inner,
  isAboutGrant,
  type Operating,
  ownRefusal,
} from '@b24/portal';
import { type Body, bodyOf, isBody, isUnreadable, operatingIn, pageOf, refusalOf, timesOf } from './answer-body';
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
export function ownBatch(commands: readonly Command[], names: readonly string[], halt: boolean): Command {
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
  const batch = { parts: partsOf(result), batchOperating: undefined, upstreamMs, nowMs };
  return inside.map((it) => itemAnswer(it, it.name, batch));
}

/** A portal's answer to a batch, decoded: answer i to command i. @throws Fault when the batch as a whole failed. */
export function decodeBatch(
  commands: readonly Command[],
  names: readonly string[],
  answer: HttpAnswer,
  upstreamMs: number,
  nowMs: number,
): Answer[] {
  const body = bodyOf('batch', answer);
  if (isUnreadable(body)) throw body.fault;
  if ('error' in body) throw wholeFailure(answer.status, body, nowMs);
  const parts = partsOf(body['result']);
  const batchOperating = operatingIn(body['time'], nowMs);
  return commands.map((command, i) =>
    itemAnswer(command, names[i] ?? '', { parts, batchOperating, upstreamMs, nowMs }),
  );
}

interface Parts {
  readonly result: Body;
  readonly result_error: Body;
  readonly result_total: Body;
  readonly result_next: Body;
  readonly result_time: Body;
}

interface Batch {
  readonly parts: Parts;
  readonly batchOperating: Operating | undefined;
  readonly upstreamMs: number;
  readonly nowMs: number;
}

function itemAnswer(
  { method }: Pick<Command, 'method'>,
  name: string,
  { parts, batchOperating, upstreamMs, nowMs }: Batch,
): Answer {
  const times = {
    ...timesOf(parts.result_time[name], upstreamMs, nowMs),
    ...(batchOperating && { batchOperating }),
  };
  const error = parts.result_error[name];
  if (error !== undefined) {
    const { fault } = refusalOf(method, 200, isBody(error) ? error : { error: '' }, nowMs);
    // The portal took the batch and its token: what it says of one command then concerns that command.
    const isOwn = isAboutGrant(fault) || fault.again === 'bucket_full';
    return { ok: false, fault: isOwn ? ownRefusal(fault) : fault, ...times };
  }
  if (!Object.hasOwn(parts.result, name)) return { ok: false, fault: notRun(method), ...times };
  const page = pageOf(parts.result_total[name], parts.result_next[name]);
  return { ok: true, value: parts.result[name], ...page, ...times };
}

/**
 * The portal's budget for `batch` itself is spent, or it refuses `batch`: nothing was run, and the same commands may go
 * one by one.
 */
function wholeFailure(status: number, body: Body, nowMs: number): Fault {
  const { fault, concerns } = refusalOf('batch', status, body, nowMs);
  if (fault.code === 'operating_time_spent') return fault.with({ again: 'batch_spent' });
  return concerns === 'command' && fault.code !== 'portal_error' ? fault.with({ again: 'alone' }) : fault;
}

function notRun(method: string): Fault {
  return new Fault('portal_error', {
    detail: 'The portal ended the request before it came to this command, several times; the command was not run.',
    upstream: { method, status: 200, error: '', description: '' },
    again: 'not_run',
  });
}

/** @throws Fault portal_error when it is no batch's answer */
function partsOf(result: unknown): Parts {
  if (!isBody(result) || !('result' in result)) {
    throw new Fault('portal_error', {
      detail: 'The portal answered in no known shape; a write may or may not have been carried out.',
    });
  }
  const part = (name: keyof Parts) => mapOf(result[name]);
  return {
    result: part('result'),
    result_error: part('result_error'),
    result_total: part('result_total'),
    result_next: part('result_next'),
    result_time: part('result_time'),
  };
}

/** PHP writes a map whose keys are 0..n, an empty one among them, as a list. */
function mapOf(value: unknown): Body {
  if (Array.isArray(value)) return Object.fromEntries(value.entries());
  return isBody(value) ? value : {};
}
