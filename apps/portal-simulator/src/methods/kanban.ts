import { bindFields, bindInt, isNumeric, toInt, toText } from '../bind-parameter';
import type { MethodContext, MethodTable } from '../method-context';
import type { SprintRow, StageRow } from '../scrum-store';
import { refuse } from '../vendor-refusal';
import { integerFields, requireGroupAccess, textFields } from './scrum-fields';

/** `tasks.api.scrum.kanban.*`: the last four return a boolean (docs/bitrix24-rules.md#scrum). */
export const kanbanMethods: MethodTable = {
  'tasks.api.scrum.kanban.getFields': { scope: 'task', run: getFields },
  'tasks.api.scrum.kanban.getStages': { scope: 'task', run: getStages },
  'tasks.api.scrum.kanban.addStage': { scope: 'task', writes: true, run: addStage },
  'tasks.api.scrum.kanban.updateStage': { scope: 'task', writes: true, run: updateStage },
  'tasks.api.scrum.kanban.deleteStage': { scope: 'task', writes: true, run: deleteStage },
  'tasks.api.scrum.kanban.addTask': { scope: 'task', writes: true, run: addTask },
  'tasks.api.scrum.kanban.deleteTask': { scope: 'task', writes: true, run: deleteTask },
};

const types: readonly unknown[] = ['NEW', 'WORK', 'FINISH'];

function getFields(): unknown {
  return {
    fields: {
      ...textFields('name'),
      ...integerFields('sort'),
      ...textFields('type'),
      ...integerFields('sprintId'),
      ...textFields('color'),
    },
  };
}

/** Ids and numbers come as strings here. */
function getStages(context: MethodContext): unknown {
  const sprint = sprintOf(context, bindInt(context.params, 'sprintId'));
  return stagesOf(context, sprint.id).map(({ id, name, sort, type, sprintId, color }) => ({
    id: String(id),
    name,
    sort: String(sort),
    type,
    sprintId: String(sprintId),
    color,
  }));
}

function addStage(context: MethodContext): number {
  const { scrum } = context.portal;
  const fields = bindFields(context.params);
  const sprint = sprintOf(context, toInt(fields['sprintId']));
  if (typeof fields['name'] !== 'string') refuse('Incorrect name format');
  const stage = {
    id: scrum.nextId(scrum.stages),
    sprintId: sprint.id,
    name: toText(fields['name']),
    type: types.includes(fields['type']) ? toText(fields['type']) : 'WORK',
    sort: isNumeric(fields['sort']) ? toInt(fields['sort']) : 100,
    color: 'color' in fields ? toText(fields['color']) : '00C4FB',
  };
  scrum.stages.set(stage.id, stage);
  return stage.id;
}

function updateStage(context: MethodContext): boolean {
  const { scrum } = context.portal;
  const id = bindInt(context.params, 'stageId');
  const fields = bindFields(context.params);
  const stage = stageOf(context, id);
  const sprintId = isNumeric(fields['sprintId']) ? toInt(fields['sprintId']) : stage.sprintId;
  const target = scrum.sprints.get(sprintId);
  if (target === undefined || !scrum.canAccess(target.groupId, context.caller.userId))
    refuse('Incorrect sprintId value');
  scrum.stages.set(stage.id, {
    ...stage,
    sprintId,
    name: typeof fields['name'] === 'string' ? fields['name'] : stage.name,
    color: typeof fields['color'] === 'string' ? fields['color'] : stage.color,
    sort: isNumeric(fields['sort']) ? toInt(fields['sort']) : stage.sort,
    type: types.includes(fields['type']) ? toText(fields['type']) : stage.type,
  });
  return true;
}

function deleteStage(context: MethodContext): boolean {
  const { scrum } = context.portal;
  const stage = stageOf(context, bindInt(context.params, 'stageId'));
  if ([...scrum.stageOfTask.values()].includes(stage.id)) refuse('Stage has tasks');
  return scrum.stages.delete(stage.id);
}

function addTask(context: MethodContext): boolean {
  const { params, portal } = context;
  const [sprintId, taskId, stageId] = ['sprintId', 'taskId', 'stageId'].map((name) => bindInt(params, name));
  const sprint = sprintWithTask(context, sprintId ?? 0, taskId ?? 0, () => {
    if (stageId === 0) refuse('StageId id not found');
  });
  if (!portal.scrum.stages.has(stageId ?? 0)) refuse('Stage not found');
  requireTask(context, taskId ?? 0, sprint.groupId);
  portal.scrum.stageOfTask.set(taskId ?? 0, stageId ?? 0);
  return true;
}

function deleteTask(context: MethodContext): boolean {
  const { params, portal } = context;
  const taskId = bindInt(params, 'taskId');
  const sprint = sprintWithTask(context, bindInt(params, 'sprintId'), taskId);
  requireTask(context, taskId, sprint.groupId);
  portal.scrum.stageOfTask.delete(taskId);
  return true;
}

function sprintWithTask(context: MethodContext, sprintId: number, taskId: number, check?: () => void): SprintRow {
  if (sprintId === 0) refuse('Sprint id not found');
  if (taskId === 0) refuse('TaskId id not found');
  check?.();
  return sprintOf(context, sprintId);
}

function sprintOf(context: MethodContext, sprintId: number): SprintRow {
  if (sprintId === 0) refuse('Sprint id not found');
  const sprint = context.portal.scrum.sprints.get(sprintId) ?? refuse('Sprint not found');
  requireGroupAccess(context, sprint.groupId);
  return sprint;
}

function stageOf(context: MethodContext, id: number): StageRow {
  const { scrum } = context.portal;
  if (id === 0) refuse('Stage id not found');
  const stage = scrum.stages.get(id) ?? refuse('Stage not found');
  const sprint = scrum.sprints.get(stage.sprintId);
  if (sprint === undefined) refuse('Access denied');
  requireGroupAccess(context, sprint.groupId);
  return stage;
}

function stagesOf(context: MethodContext, sprintId: number): StageRow[] {
  const stages = [...context.portal.scrum.stages.values()].filter((stage) => stage.sprintId === sprintId);
  return stages.sort((left, right) => left.sort - right.sort);
}

function requireTask(context: MethodContext, taskId: number, groupId: number): void {
  if (context.portal.scrum.tasks.get(taskId) !== groupId) refuse('Task not found. The task must be with GROUP_ID');
}
