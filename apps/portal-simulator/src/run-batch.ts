import { type BatchResults, withReferences } from './batch-references';
import { parseUrl } from './parse-url';
import type { OrderedArray } from './ordered-array';
import { type PhpInput, isTruthy } from './php-input';
import { parseStr } from './php-query';
import { bytesOfText, textOfBytes } from './php-text';
import { commandsOf, ownParameter } from './rest-call';
import { VendorRefusal } from './vendor-refusal';

/** What one method answers; a method may answer without a result, and with names of its own. */
export interface MethodAnswer {
  readonly result?: unknown;
  readonly next?: unknown;
  readonly total?: unknown;
  readonly time?: unknown;
  /** The whole body of an answer that is an error. */
  readonly error?: unknown;
}

/** Runs one nested command or throws its refusal. */
export type RunItem = (method: string, received: OrderedArray) => MethodAnswer;

/** How a refusal looks as an error body. */
export type ShowRefusal = (refusal: VendorRefusal) => PhpInput;

const maxCommandCount = 50;
const forbidden = new Set(['batch', 'download', 'upload']);

type Sections = { [Name in keyof BatchResults]: Map<string, unknown> };

/** The `batch` method, by docs/bitrix24-rules.md#batch. */
export function runBatch(received: OrderedArray, runOnly: number, runItem: RunItem, showRefusal: ShowRefusal): unknown {
  const sections: Sections = {
    result: new Map(),
    next: new Map(),
    total: new Map(),
    time: new Map(),
    error: new Map(),
  };
  const halts = isTruthy(ownParameter(received, 'HALT'));
  let seen = 0;
  for (const [key, command] of commandsOf(received)) {
    seen += 1;
    if (seen > runOnly) break;
    const fits = seen <= maxCommandCount;
    if (fits && typeof command !== 'string') continue;
    const refused = runOne(sections, key, fits ? (command as string) : undefined, runItem, showRefusal);
    if (refused && halts) break;
  }
  return shown(sections);
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
    for (const section of ['result', 'next', 'total', 'time', 'error'] as const) {
      if (answer[section] !== undefined) sections[section].set(key, answer[section]);
    }
    return answer.error !== undefined;
  } catch (error) {
    if (!(error instanceof VendorRefusal)) throw error;
    sections.error.set(key, show(error));
    return true;
  }
}

/** A command is a URL: its path is the method, its query is read as PHP reads one. */
function commandParts(command: string | undefined, sections: Sections): [string, OrderedArray] {
  if (command === undefined) throw VendorRefusal.of('ERROR_BATCH_LENGTH_EXCEEDED');
  const { path = '', query = '' } = parseUrl(bytesOfText(command));
  if (forbidden.has(path.toLowerCase())) throw VendorRefusal.of('ERROR_BATCH_METHOD_NOT_ALLOWED');
  return [textOfBytes(path), withReferences(parseStr(query), sections)];
}

function shown({ result, error, total, next, time }: Sections): unknown {
  return { result, result_error: error, result_total: total, result_next: next, result_time: time };
}
