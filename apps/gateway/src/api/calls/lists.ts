import { type Answer, type Command, Fault } from '@b24/portal';
import { commandNames, callerBatch, batchedBytes } from '@b24/upstream';
import { commandOfCall, type NamedCall } from './any-calls';

const pageSize = 50;
/** Pages of one request: 500 records, at most a few megabytes. */
const pagesPerRequest = 10;

/** The id field by which a list is read (docs/bitrix24-rules.md#lists). */
interface IdCursor {
  readonly id: string;
}

/** Returns the id field of CRM lists. Other lists are not known to filter and order by id. */
function cursorOf({ method, params }: NamedCall): IdCursor | undefined {
  // A caller's own order excludes reading by id.
  if (params['order'] !== undefined) return undefined;
  if (/^crm\.item\.list$/i.test(method)) return { id: 'id' };
  return /^crm\.(?:deal|lead|contact|company|quote|activity)\.list$/i.test(method) ? { id: 'ID' } : undefined;
}

/** Yields the pages of a list, one request after another, as the reader asks for them. @throws Fault */
export async function* readPages(
  list: NamedCall,
  send: (command: Command) => Promise<Answer>,
): AsyncGenerator<readonly unknown[]> {
  const cursor = cursorOf(list);
  if (cursor) yield* byId(list, cursor, send);
  else yield* byOffset(list, send);
}

/** Reads by id: without a total, and without repeating a record when the list changes meanwhile. */
async function* byId(
  list: NamedCall,
  { id }: IdCursor,
  send: (command: Command) => Promise<Answer>,
): AsyncGenerator<readonly unknown[]> {
  const wanted = withId(list.params['select'], id);
  const after = (last: unknown) =>
    commandOfCall({
      ...list,
      params: {
        ...list.params,
        ...(wanted !== undefined && { select: wanted }),
        order: { [id]: 'ASC' },
        filter: { ...(list.params['filter'] as object | undefined), [`>${id}`]: last },
      },
      start: -1,
    });
  const nested = id === 'id' ? '[items]' : '';
  // A batch would replace a `$` in the caller's text.
  const shares = batchedBytes(list.method, after(0).params) !== undefined;
  let last: unknown = 0;
  let pages = [rowsOf(await send(after(last)))];
  for (;;) {
    for (const rows of pages) {
      if (rows.length > 0) yield rows;
      // The pages after a short one had no id to start from.
      if (rows.length < pageSize) return;
      last = idOf(rows.at(-1), id);
    }
    if (!shares) {
      pages = [rowsOf(await send(after(last)))];
      continue;
    }
    const names = commandNames(pagesPerRequest);
    const commands = names.map((_, i) =>
      after(i === 0 ? last : `$result[${names[i - 1]}]${nested}[${pageSize - 1}][${id}]`),
    );
    const answer = await send(callerBatch(commands, names, true));
    if (!answer.ok) throw answer.fault;
    pages = [];
    for (const inner of answer.inside ?? []) {
      // A refusal after a short page does not matter.
      if (!inner.ok && pages.length > 0) break;
      pages.push(rowsOf(inner));
    }
  }
}

/** Adds the id, which the next page needs, to the selected fields. */
function withId(select: unknown, id: string): unknown {
  if (!Array.isArray(select)) return select;
  const named = select as unknown[];
  return named.includes(id) || named.includes('*') ? named : [...named, id];
}

/** Reads by offset; several pages at once if the portal reports a total. */
async function* byOffset(
  list: NamedCall,
  send: (command: Command) => Promise<Answer>,
): AsyncGenerator<readonly unknown[]> {
  const at = async (start: number) => send(commandOfCall({ ...list, start }));
  const first = await at(0);
  yield rowsOf(first);
  if (!first.ok) return;
  let { next } = first;
  const { total } = first;
  while (next !== undefined) {
    const from: number = next;
    const left = total === undefined ? 1 : Math.ceil((total - from) / pageSize);
    const starts = Array.from({ length: Math.max(1, Math.min(left, pagesPerRequest)) }, (_, i) => from + i * pageSize);
    const answers = await Promise.all(starts.map(at));
    for (const answer of answers) yield rowsOf(answer);
    const end = answers.at(-1);
    next = end?.ok && end.next !== undefined && end.next > from ? end.next : undefined;
  }
}

/** Returns the records of a page: the result itself, or the only list in it. @throws Fault the portal's refusal, invalid_request */
function rowsOf(answer: Answer): readonly unknown[] {
  if (!answer.ok) throw answer.fault;
  const { value } = answer;
  if (Array.isArray(value)) return value;
  const lists = typeof value === 'object' && value !== null ? Object.values(value).filter(Array.isArray) : [];
  if (lists.length === 1) return lists[0] as unknown[];
  throw new Fault('invalid_request', { errors: [{ path: 'method', message: 'Answers with no list of records.' }] });
}

function idOf(row: unknown, id: string): number {
  const value = Number((row as Record<string, unknown> | undefined)?.[id]);
  if (Number.isSafeInteger(value)) return value;
  throw new Fault('portal_error', { detail: `A record came without its ${id}, so that the list can’t go on.` });
}
