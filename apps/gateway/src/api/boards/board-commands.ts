import type { Command } from '@b24/portal';
import { listParams } from '../../resources/paging';
import { taskColumns } from '../../resources/tasks/task-shape';

/** Where tasks are: the backlog or a sprint of the group. */
export interface TaskPlace {
  readonly kind: 'backlog' | 'sprint';
  readonly id: number;
}

/** A number, or a reference to what an earlier command of the batch returned (docs/bitrix24-rules.md#batch). */
export type NumberOrReference = number | string;

function read(method: string, params: Command['params']): Command {
  return { method, params, effect: 'read' };
}

/** The reads that a board consists of. */
export const boardCommands = {
  group: (groupId: number) => read('socialnetwork.api.workgroup.get', { params: { groupId } }),
  backlog: (groupId: number) => read('tasks.api.scrum.backlog.get', { id: groupId }),
  sprints: (groupId: number, status: string, after: number) =>
    read('tasks.api.scrum.sprint.list', idPage({ GROUP_ID: groupId, STATUS: status }, after)),
  epics: (groupId: number, after: number) => read('tasks.api.scrum.epic.list', idPage({ GROUP_ID: groupId }, after)),
  stages: (sprintId: NumberOrReference) => read('tasks.api.scrum.kanban.getStages', { sprintId }),
  /** The tasks of the group that changed last, and how many there are. */
  newest: (groupId: number) =>
    read('tasks.task.list', {
      ...{ filter: { GROUP_ID: groupId }, order: { CHANGED_DATE: 'desc' }, select: ['ID', 'CHANGED_DATE'] },
    }),
  tasks: (groupId: number, kind: TaskPlace['kind'], place: NumberOrReference, after: NumberOrReference) =>
    read('tasks.task.list', {
      ...idPage({ GROUP_ID: groupId, [columnOf(kind)]: place }, after),
      select: taskColumns,
    }),
  /** How many tasks a place has. */
  count: (groupId: number, { kind, id }: TaskPlace) =>
    read('tasks.task.list', { filter: { GROUP_ID: groupId, [columnOf(kind)]: id }, select: ['ID'] }),
  scrumFields: (taskId: number) => read('tasks.api.scrum.task.get', { id: taskId }),
};

function columnOf(kind: TaskPlace['kind']): string {
  return kind === 'backlog' ? 'BACKLOG_ID' : 'SPRINT_ID';
}

function idPage(filter: Readonly<Record<string, NumberOrReference>>, after: NumberOrReference): Command['params'] {
  const { order } = listParams({}, {});
  return { filter: { ...filter, '>ID': after }, order };
}
