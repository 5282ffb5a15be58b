import { Fault, type Command, type FaultCode, type Result } from '@b24/portal';
import { z } from 'zod';
import { type GroupView, groupThere } from '../../resources/groups/groups';
import { vendorPageItems } from '../../resources/paging';
import { parseAnswer } from '../../resources/parse-answer';
import { backlogSchema, type Backlog as BacklogView } from '../../resources/scrum/backlogs';
import { epicSchema } from '../../resources/scrum/epics';
import { type SprintView, sprintSchema } from '../../resources/scrum/sprints';
import { stageSchema } from '../../resources/scrum/stages';
import { BoardBatch, type SendBatch } from './board-batch';
import { boardCommands, type TaskPlace } from './board-commands';
import { changedItems, changedTasks, mergedChanges, type TaskMark, taskMarkOf } from './board-marks';
import type { Board, BoardChange } from './board-schemas';
import { boardTasks } from './board-tasks';
import { IdList } from './id-list';
import { PlaceTasks } from './place-tasks';
import { readScrumFields } from './scrum-fields';

export interface BoardRequest {
  readonly groupId: number;
  /** Whether completed sprints and their tasks are on the board. */
  readonly completed: boolean;
  /** Whether story points, epic and position of each task are read, with a command for each. */
  readonly scrumFields: boolean;
}

type Stage = z.infer<typeof stageSchema>;

/** A larger board would take hundreds of requests. */
const maxTasks = 10_000;
/** What says that the app or the portal can't read groups, which concerns the group only. */
const unreadable: ReadonlySet<FaultCode> = new Set(['insufficient_scope', 'method_not_found']);

/**
 * Reads the board of a scrum: everything, or nothing (docs/boards.md). @throws Fault group_not_found, group_not_scrum,
 * backlog_not_found, list_not_walkable, answer_too_large, a fault of the call, or the portal's refusal of a part
 */
export function readBoard(request: BoardRequest, send: (command: Command) => Promise<Result>): Promise<Board> {
  return new BoardReading(request, send).read();
}

class BoardReading {
  private requests = 0;
  private group: GroupView | null = null;
  private backlog: BacklogView | null = null;
  private before: TaskMark = { total: 0, newest: [] };
  private readonly sprintLists: readonly IdList<SprintView>[];
  private readonly epics: IdList<z.infer<typeof epicSchema>>;
  private readonly places: PlaceTasks[] = [];
  private readonly stages = new Map<number, readonly Stage[]>();
  /** Set once the marks at the end are read. */
  private changes: readonly (BoardChange | undefined)[] | undefined;

  constructor(
    private readonly request: BoardRequest,
    private readonly sendCommand: SendBatch,
  ) {
    const { groupId, completed } = request;
    const statuses = ['active', 'planned', ...(completed ? ['completed'] : [])];
    this.sprintLists = statuses.map(
      (status) => new IdList(status, sprintSchema, (after) => boardCommands.sprints(groupId, status, after)),
    );
    this.epics = new IdList('epics', epicSchema, (after) => boardCommands.epics(groupId, after));
  }

  async read(): Promise<Board> {
    await this.readFirst();
    while (!this.isRead) await this.readMore();
    const { groupId, scrumFields } = this.request;
    const { tasks, moved } = boardTasks(this.places);
    const enriched = scrumFields ? await readScrumFields(tasks, this.send) : { tasks, moved: undefined };
    if (!this.changes) await this.readMarks(groupId);
    const changedMeanwhile = mergedChanges([...(this.changes ?? []), moved, enriched.moved]);
    return {
      ...{ group: this.group, backlog: this.backlog, epics: this.epics.items, sprints: [...this.sprints] },
      stages: this.sprints.flatMap(({ id }) => this.stages.get(id) ?? []),
      ...{ tasks: [...enriched.tasks], requests: this.requests },
      ...(changedMeanwhile.length > 0 && { changedMeanwhile }),
    };
  }

  private readonly send: SendBatch = (command) => {
    this.requests++;
    return this.sendCommand(command);
  };

  private get sprints(): readonly SprintView[] {
    return this.sprintLists.flatMap(({ items }) => items);
  }

  private get lists(): readonly (IdList<SprintView> | IdList<z.infer<typeof epicSchema>>)[] {
    return [...this.sprintLists, this.epics];
  }

  private get isRead(): boolean {
    return (
      this.lists.every((it) => it.isRead) &&
      this.places.every((it) => it.isRead) &&
      this.sprints.every(({ id }) => this.stages.has(id))
    );
  }

  /** Reads the structure, and by references the first tasks of the backlog and the active sprint, in one request. */
  private async readFirst(): Promise<void> {
    const { groupId } = this.request;
    const batch = new BoardBatch();
    batch.add('newest', boardCommands.newest(groupId));
    batch.add('group', boardCommands.group(groupId));
    batch.add('backlog', boardCommands.backlog(groupId));
    for (const list of this.lists) list.plan(batch);
    batch.add('backlog_tasks', boardCommands.tasks(groupId, 'backlog', '$result[backlog][id]', 0));
    batch.add('active_tasks', boardCommands.tasks(groupId, 'sprint', '$result[active][0][id]', 0));
    batch.add('active_stages', boardCommands.stages('$result[active][0][id]'));
    batch.add('newest_after', boardCommands.newest(groupId));
    await batch.send(this.send);
    this.group = groupOf(batch);
    this.before = taskMarkOf(batch.resultOf('newest'));
    for (const list of this.lists) list.read(batch);
    this.backlog = this.backlogOf(batch);
    this.addPlaces();
    this.readReferenced(batch);
    const after = taskMarkOf(batch.resultOf('newest_after'));
    if (this.isRead && !this.request.scrumFields) this.changes = [changedTasks(this.before, after)];
  }

  /** @throws Fault backlog_not_found for what does not look like a scrum */
  private backlogOf(batch: BoardBatch): BacklogView | null {
    const answer = batch.answerOf('backlog');
    if (answer.ok) return parseAnswer(backlogSchema, answer.value);
    const isEmpty = this.group === null && this.sprints.length === 0 && this.epics.items.length === 0;
    if (answer.fault.code === 'backlog_not_found' && !isEmpty) return null;
    throw answer.fault;
  }

  private readReferenced(batch: BoardBatch): void {
    const active = this.sprintLists[0]?.items[0];
    for (const place of this.places) {
      if (place.place.kind === 'backlog') place.addPage(batch.resultOf('backlog_tasks'), this.requests);
      else if (place.place.id === active?.id) place.addPage(batch.resultOf('active_tasks'), this.requests);
    }
    if (active) this.stages.set(active.id, stagesOf(batch.resultOf('active_stages')));
  }

  /** Reads what is left, as much as one request has room for, and the marks if that is all. */
  private async readMore(): Promise<void> {
    const batch = new BoardBatch();
    for (const list of this.lists) list.plan(batch);
    const bare = this.sprints.filter(({ id }) => !this.stages.has(id)).slice(0, batch.room);
    for (const { id } of bare) batch.add(`stages${id}`, boardCommands.stages(id));
    const open = this.places.filter((it) => !it.isRead);
    const pages = open.reduce((sum, it) => sum + it.pagesLeft, 0);
    const isLast = pages + this.marksCount <= batch.room && !this.request.scrumFields;
    for (const place of open) place.plan(batch);
    if (isLast) this.planMarks(batch, this.places);
    await batch.send(this.send);
    for (const list of this.lists) list.read(batch);
    for (const place of open) place.read(batch, this.requests);
    for (const { id } of bare) this.stages.set(id, stagesOf(batch.resultOf(`stages${id}`)));
    this.addPlaces();
    if (isLast && this.isRead) this.changes = this.changesIn(batch, this.places);
  }

  /** Reads the marks in requests of their own. */
  private async readMarks(groupId: number): Promise<void> {
    const batch = new BoardBatch();
    const fixed = this.lists.length + 2;
    const first = this.places.slice(0, batch.room - fixed);
    this.planMarks(batch, first);
    await batch.send(this.send);
    this.changes = this.changesIn(batch, first);
    for (let from = first.length; from < this.places.length;) {
      const more = new BoardBatch();
      const places = this.places.slice(from, from + more.room);
      for (const { place } of places) more.add(countName(place), boardCommands.count(groupId, place));
      await more.send(this.send);
      this.changes = [...this.changes, ...places.map((it) => countChange(it, more))];
      from += places.length;
    }
  }

  private get marksCount(): number {
    return this.lists.length + 2 + this.places.length;
  }

  private planMarks(batch: BoardBatch, places: readonly PlaceTasks[]): void {
    const { groupId } = this.request;
    batch.add('backlog_after', boardCommands.backlog(groupId));
    for (const list of this.lists) batch.add(`${list.name}_after`, list.firstCommand());
    for (const { place } of places) batch.add(countName(place), boardCommands.count(groupId, place));
    batch.add('newest_after', boardCommands.newest(groupId));
  }

  private changesIn(batch: BoardBatch, places: readonly PlaceTasks[]): readonly (BoardChange | undefined)[] {
    const sprints = this.sprintLists.flatMap((it) => it.firstPage(batch, `${it.name}_after`));
    const known = this.sprintLists.flatMap(({ items }) => items.slice(0, vendorPageItems));
    const epics = this.epics.firstPage(batch, 'epics_after');
    return [
      changedItems('backlog', this.backlog ? [this.backlog] : [], backlogNow(batch)),
      changedItems('sprints', known, sprints),
      changedItems('epics', this.epics.items.slice(0, vendorPageItems), epics),
      ...places.map((it) => countChange(it, batch)),
      changedTasks(this.before, taskMarkOf(batch.resultOf('newest_after'))),
    ];
  }

  /** Adds the places that are known now. @throws Fault answer_too_large */
  private addPlaces(): void {
    const { groupId } = this.request;
    const known = new Set(this.places.map(({ place }) => place.id));
    const there: TaskPlace[] = [
      ...(this.backlog ? [{ kind: 'backlog' as const, id: this.backlog.id }] : []),
      ...this.sprints.map(({ id }) => ({ kind: 'sprint' as const, id })),
    ];
    this.places.push(...there.filter(({ id }) => !known.has(id)).map((place) => new PlaceTasks(groupId, place)));
    if (this.places.reduce((sum, it) => sum + it.knownCount, 0) <= maxTasks) return;
    const detail = `The board has more than ${maxTasks} tasks; read it place by place with GET /v1/portals/{portal}/tasks.`;
    throw new Fault('answer_too_large', { detail });
  }
}

/** Returns the group; null if it can't be read. @throws Fault group_not_found, group_not_scrum */
function groupOf(batch: BoardBatch): GroupView | null {
  const answer = batch.answerOf('group');
  if (!answer.ok) {
    if (unreadable.has(answer.fault.code)) return null;
    throw answer.fault;
  }
  const group = parseAnswer(groupThere, answer.value);
  if (group.type !== 'scrum' && group.scrumMasterId === 0) throw new Fault('group_not_scrum');
  return group;
}

function backlogNow(batch: BoardBatch): BacklogView[] {
  const answer = batch.answerOf('backlog_after');
  if (answer.ok) return [parseAnswer(backlogSchema, answer.value)];
  if (answer.fault.code === 'backlog_not_found') return [];
  throw answer.fault;
}

function stagesOf({ value }: Result): readonly Stage[] {
  return parseAnswer(z.array(stageSchema), value);
}

function countName({ kind, id }: TaskPlace): string {
  return `count_${kind}${id}`;
}

function countChange({ place, tasks }: PlaceTasks, batch: BoardBatch): BoardChange | undefined {
  const { total } = batch.resultOf(countName(place));
  return total === undefined || total === tasks.length ? undefined : { what: 'tasks', ids: [] };
}
