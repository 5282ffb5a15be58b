import { type BatchResults, withReferences } from './batch-references';
import { type PhpInput, isMap, isTruthy, parsePhpQuery, phpArray } from './php-query';
import { VendorRefusal } from './vendor-refusal';

export interface ItemAnswer {
  readonly result: unknown;
  readonly next?: number | undefined;
  readonly total?: number | undefined;
  readonly time: unknown;
}

/** Runs one nested command or throws its refusal. */
export type RunItem = (method: string, params: PhpInput) => ItemAnswer;

/** How a refusal looks as an error body. */
export type ShowRefusal = (refusal: VendorRefusal) => PhpInput;

const maxCommandCount = 50;
const forbidden = new Set(['batch', 'download', 'upload']);

type Sections = { [Name in keyof BatchResults]: Map<string, unknown> };

/** The `batch` method, by docs/bitrix24-rules.md#batch. */
export function runBatch(params: PhpInput, runOnly: number, runItem: RunItem, showRefusal: ShowRefusal): unknown {
  const sections: Sections = {
    result: new Map(),
    next: new Map(),
    total: new Map(),
    time: new Map(),
    error: new Map(),
  };
  // The vendor folds the names of a batch's own parameters to one case; of two spellings the last counts.
  const own = new Map(Object.entries(params).map(([name, value]) => [name.toUpperCase(), value]));
  let seen = 0;
  for (const [key, command] of commandsOf(own.get('CMD'))) {
    seen += 1;
    if (seen > runOnly) break;
    if (seen <= maxCommandCount && typeof command !== 'string') continue;
    const refused = runOne(
      sections,
      key,
      seen > maxCommandCount ? undefined : (command as string),
      runItem,
      showRefusal,
    );
    if (refused && isTruthy(own.get('HALT'))) break;
  }
  return shown(sections);
}

function commandsOf(cmd: unknown): [string, unknown][] {
  return isMap(cmd) || Array.isArray(cmd) ? Object.entries(cmd) : [];
}

function runOne(
  sections: Sections,
  key: string,
  command: string | undefined,
  run: RunItem,
  show: ShowRefusal,
): boolean {
  try {
    const answer = run(...commandParts(command, sections));
    sections.result.set(key, answer.result);
    sections.time.set(key, answer.time);
    if (answer.next !== undefined) sections.next.set(key, answer.next);
    if (answer.total !== undefined) sections.total.set(key, answer.total);
    return false;
  } catch (error) {
    if (!(error instanceof VendorRefusal)) throw error;
    sections.error.set(key, show(error));
    return true;
  }
}

/** A command is a URL: its path is the method, its query is read as PHP reads one. */
function commandParts(command: string | undefined, sections: Sections): [string, PhpInput] {
  if (command === undefined) throw VendorRefusal.of('ERROR_BATCH_LENGTH_EXCEEDED');
  const [beforeFragment = ''] = command.split('#');
  const mark = beforeFragment.indexOf('?');
  const method = mark < 0 ? beforeFragment : beforeFragment.slice(0, mark);
  if (forbidden.has(method.toLowerCase())) throw VendorRefusal.of('ERROR_BATCH_METHOD_NOT_ALLOWED');
  const query = mark < 0 ? '' : beforeFragment.slice(mark + 1);
  return [method, withReferences(parsePhpQuery(query), sections)];
}

function shown({ result, error, total, next, time }: Sections): unknown {
  return {
    result: phpArray(result),
    result_error: phpArray(error),
    result_total: phpArray(total),
    result_next: phpArray(next),
    result_time: phpArray(time),
  };
}
