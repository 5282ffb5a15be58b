import { bindFields, bindInt, isNumeric, toInt } from '../bind-parameter';
import type { MethodContext, MethodTable } from '../method-context';
import type { PhpInput } from '../php-input';
import type { ScrumItem } from '../scrum-store';
import { refuse } from '../vendor-refusal';
import { integerFields, requireGroupAccess, textFields, userField } from './scrum-fields';

/** `tasks.api.scrum.task.*` (docs/bitrix24-rules.md#scrum). */
export const taskMethods: MethodTable = {
  'tasks.api.scrum.task.getFields': { scope: 'task', run: getFields },
  'tasks.api.scrum.task.get': { scope: 'task', run: get },
  'tasks.api.scrum.task.update': { scope: 'task', writes: true, run: update },
};

function getFields(): unknown {
  return {
    fields: {
      ...integerFields('entityId'),
      ...textFields('storyPoints'),
      ...integerFields('epicId', 'sort', 'createdBy', 'modifiedBy'),
    },
  };
}

function get(context: MethodContext): unknown {
  const taskId = bindInt(context.params, 'id');
  if (taskId === 0) refuse('Task id not found');
  const item = context.portal.scrum.items.get(taskId) ?? refuse('Task not found');
  requireEntityAccess(context, item.entityId);
  const { entityId, storyPoints, epicId, sort, createdBy, modifiedBy } = item;
  return { entityId, storyPoints, epicId, sort, createdBy, modifiedBy };
}

/** Puts the task into the scrum if it is not there yet. `storyPoints` that is no string is silently ignored. */
function update(context: MethodContext): boolean {
  const { scrum } = context.portal;
  const taskId = bindInt(context.params, 'id');
  const fields = bindFields(context.params);
  if (taskId === 0) refuse('Task id not found');
  const entityId = toInt(fields['entityId']);
  if (entityId !== 0) requireEntityAccess(context, entityId);
  const item = existing(context, taskId) ?? created(context, taskId, entityId, fields);
  scrum.items.set(taskId, {
    ...item,
    entityId: entityId === 0 ? item.entityId : entityId,
    storyPoints: typeof fields['storyPoints'] === 'string' ? fields['storyPoints'] : item.storyPoints,
    epicId: epicField(context, fields) ?? item.epicId,
    sort: isNumeric(fields['sort']) ? toInt(fields['sort']) : item.sort,
    createdBy: userField(context, fields, 'createdBy') ?? item.createdBy,
    modifiedBy: userField(context, fields, 'modifiedBy') ?? item.modifiedBy,
  });
  return true;
}

function existing(context: MethodContext, taskId: number): ScrumItem | undefined {
  const item = context.portal.scrum.items.get(taskId);
  if (item !== undefined) requireEntityAccess(context, item.entityId);
  return item;
}

function created(context: MethodContext, taskId: number, entityId: number, fields: PhpInput): ScrumItem {
  const { scrum } = context.portal;
  if (entityId === 0) refuse('Entity id not found');
  const groupId = scrum.tasks.get(taskId) ?? refuse('Task not found');
  if (groupId !== scrum.groupOfEntity(entityId)) refuse('Access denied');
  const createdBy = userField(context, fields, 'createdBy') ?? 0;
  return { taskId, entityId, storyPoints: '', epicId: 0, sort: 1, createdBy, modifiedBy: createdBy };
}

function epicField({ portal }: MethodContext, fields: PhpInput): number | undefined {
  if (!isNumeric(fields['epicId'])) return undefined;
  const epicId = toInt(fields['epicId']);
  return portal.scrum.epics.has(epicId) ? epicId : refuse('Epic not found');
}

function requireEntityAccess(context: MethodContext, entityId: number): void {
  requireGroupAccess(context, context.portal.scrum.groupOfEntity(entityId) ?? 0);
}
