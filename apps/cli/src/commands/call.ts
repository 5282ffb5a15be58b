import type { CallAnswer } from '../api-types';
import type { CommandContext } from '../command-context';
import { plain } from '../output';
import { CommandFailure } from '../command-failure';
import { readInput } from '../target';
import { pathOf } from './portals';

export interface CallCommandOptions {
  readonly start?: number;
  readonly deadlineMs?: number;
  readonly idempotencyKey?: string;
}

/** @param given JSON, `@file`, or `-` for standard input */
export async function callMethod(
  { api, paper }: CommandContext,
  { portal, method, given }: { portal: string; method: string; given: string | undefined },
  { start, deadlineMs, idempotencyKey }: CallCommandOptions,
): Promise<void> {
  const params = given === undefined ? {} : paramsOf(await textOf(given));
  const answer = await api.ask<CallAnswer>('POST', `${pathOf(portal)}/call/${encodeURIComponent(method)}`, {
    body: { params, ...(start !== undefined && { start }) },
    headers: {
      'X-Deadline-Ms': deadlineMs === undefined ? undefined : `${deadlineMs}`,
      'Idempotency-Key': idempotencyKey,
    },
  });
  paper.print(answer, ({ result }) => JSON.stringify(result, undefined, 2).split('\n').map(plain).join('\n'));
  const { total, next } = answer;
  if (next !== undefined)
    paper.hint(`${total === undefined ? 'There are more' : `${total} in all`}; the next page: --start ${next}`);
}

function textOf(given: string): string | Promise<string> {
  if (given === '-') return readInput('-', 'the parameters');
  return given.startsWith('@') ? readInput(given.slice(1), 'the parameters') : given;
}

function paramsOf(text: string): object {
  try {
    const params: unknown = JSON.parse(text);
    if (typeof params === 'object' && params !== null && !Array.isArray(params)) return params;
  } catch {
    // Told below: the parser's own words would repeat what was given.
  }
  throw CommandFailure.of(
    'unusable_input',
    'The parameters must be one JSON object, as {"id": 125}, in single quotes.',
  );
}
