import type { Result } from '@b24/portal';
import { z } from 'zod';
import { idOrText } from '../../resources/answer-schemas';
import { parseAnswer } from '../../resources/parse-answer';
import type { BoardChange } from './board-schemas';

const newestThere = z.object({ tasks: z.array(z.object({ id: idOrText, changedDate: z.string().nullish() })) });

/** What shows whether the tasks of a group change: their number, and the fifty that changed last. */
export interface TaskMark {
  readonly total: number | undefined;
  readonly newest: readonly { readonly id: number; readonly changedDate?: string | null | undefined }[];
}

/** @throws Fault portal_error */
export function taskMarkOf({ value, total }: Result): TaskMark {
  return { total, newest: parseAnswer(newestThere, value).tasks };
}

/** Returns the tasks that changed between two marks; undefined if none did. */
export function changedTasks(before: TaskMark, after: TaskMark): BoardChange | undefined {
  const known = new Set(before.newest.map(textOf));
  const latest = momentOf(before.newest[0]);
  const isSameNumber = before.total === after.total;
  // One that did not change moves up when another is removed.
  const isChange = (moment: number) => moment > latest || (isSameNumber && moment === latest);
  const ids = after.newest.filter((it) => !known.has(textOf(it)) && isChange(momentOf(it))).map(({ id }) => id);
  return ids.length > 0 || !isSameNumber ? { what: 'tasks', ids } : undefined;
}

/** Returns what differs between two readings of a list; undefined if nothing does. */
export function changedItems(
  what: BoardChange['what'],
  before: readonly { id: number }[],
  after: readonly { id: number }[],
): BoardChange | undefined {
  const [old, now] = [textsById(before), textsById(after)];
  const ids = [...new Set([...old.keys(), ...now.keys()])].filter((id) => old.get(id) !== now.get(id));
  return ids.length > 0 ? { what, ids } : undefined;
}

/** Joins changes of one kind. */
export function mergedChanges(changes: readonly (BoardChange | undefined)[]): BoardChange[] {
  const merged = new Map<BoardChange['what'], Set<number>>();
  for (const change of changes) {
    if (!change) continue;
    const ids = merged.get(change.what) ?? new Set();
    for (const id of change.ids) ids.add(id);
    merged.set(change.what, ids);
  }
  return [...merged].map(([what, ids]) => ({ what, ids: [...ids].sort((a, b) => a - b) }));
}

function textOf({ id, changedDate }: TaskMark['newest'][number]): string {
  return `${id} ${changedDate ?? ''}`;
}

function momentOf(task: TaskMark['newest'][number] | undefined): number {
  return Date.parse(task?.changedDate ?? '') || 0;
}

function textsById(items: readonly { id: number }[]): Map<number, string> {
  return new Map(items.map((it) => [it.id, JSON.stringify(it)]));
}
