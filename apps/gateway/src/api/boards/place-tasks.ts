import { type Command, Fault, type Result } from '@b24/portal';
import { z } from 'zod';
import { cursorAfter, parsePage, vendorPageItems } from '../../resources/paging';
import { parseAnswer } from '../../resources/parse-answer';
import { taskSchema, type TaskView } from '../../resources/tasks/task-shape';
import type { BoardBatch } from './board-batch';
import { boardCommands, type NumberOrReference, type TaskPlace } from './board-commands';

const taskList = z.object({ tasks: z.unknown() });

/**
 * The tasks of a backlog or a sprint, read from id to id. Pages of one request continue after the last task of the page
 * before by a reference, so that no task is missed or repeated while others come and go.
 */
export class PlaceTasks {
  readonly tasks: TaskView[] = [];
  /** Task id → the number of the request that it was read with. */
  private readonly requests = new Map<number, number>();
  private isComplete = false;
  /** The number of tasks when the first page was read. */
  private expected: number | undefined;

  constructor(
    private readonly groupId: number,
    readonly place: TaskPlace,
  ) {}

  get isRead(): boolean {
    return this.isComplete;
  }

  /** The number of tasks, as far as is known. */
  get knownCount(): number {
    return Math.max(this.tasks.length, this.expected ?? 0);
  }

  /** Returns the number of the request that a task of this place was read with. */
  requestOf(taskId: number): number {
    return this.requests.get(taskId) ?? 0;
  }

  /** The pages that are left, as far as is known. */
  get pagesLeft(): number {
    if (this.isComplete) return 0;
    return Math.max(1, Math.ceil(((this.expected ?? 0) - this.tasks.length) / vendorPageItems));
  }

  /** Adds the commands for the next pages to a batch, as many as it has room for. */
  plan(batch: BoardBatch): void {
    const pages = Math.min(this.pagesLeft, batch.room);
    let after: NumberOrReference = this.tasks.at(-1)?.id ?? 0;
    for (let page = 0; page < pages; page++) {
      batch.add(this.nameOf(page), this.commandAfter(after));
      after = `$result[${this.nameOf(page)}][tasks][${vendorPageItems - 1}][id]`;
    }
  }

  /** @throws Fault the portal's refusal, portal_error, list_not_walkable */
  read(batch: BoardBatch, request: number): void {
    for (let page = 0; !this.isComplete && batch.has(this.nameOf(page)); page++) {
      this.addPage(batch.resultOf(this.nameOf(page)), request);
    }
  }

  /** Takes the next page. @throws Fault portal_error, list_not_walkable */
  addPage(result: Result, request: number): void {
    const last = this.tasks.at(-1)?.id;
    const rows = parseAnswer(taskList, result.value).tasks;
    const page = parsePage(taskSchema, rows, last === undefined ? {} : { cursor: cursorAfter(last) });
    this.expected ??= result.total ?? page.items.length;
    this.tasks.push(...page.items.map((task) => this.placed(task)));
    for (const { id } of page.items) this.requests.set(id, request);
    this.isComplete = page.nextCursor === undefined;
  }

  private nameOf(page: number): string {
    return `${this.place.kind}${this.place.id}_${page}`;
  }

  private commandAfter(after: NumberOrReference): Command {
    return boardCommands.tasks(this.groupId, this.place.kind, this.place.id, after);
  }

  /** @throws Fault list_not_walkable when the task says that it is elsewhere */
  private placed(task: TaskView): TaskView {
    const { kind, id } = this.place;
    const said = kind === 'backlog' ? task.backlogId : task.sprintId;
    if (said !== null && said !== id)
      throw ignoredFilter(`task ${task.id}, which is in ${kind} ${said}, for ${kind} ${id}`);
    return { ...task, backlogId: kind === 'backlog' ? id : null, sprintId: kind === 'sprint' ? id : null };
  }
}

/** The portal lists tasks whatever the backlog or the sprint in the filter is. */
export function ignoredFilter(what: string): Fault {
  return new Fault('list_not_walkable', {
    detail: `The board can't be read: the portal returned ${what}. It ignores the filter by backlog or sprint.`,
  });
}
