import { bindFields, bindInt, isNumeric, toInt } from '../bind-parameter';
import type { MethodContext, MethodTable } from '../method-context';
import type { PhpInput } from '../php-input';
import type { BacklogRow } from '../scrum-store';
import { refuse } from '../vendor-refusal';
import { integerFields, requireGroupAccess, userField } from './scrum-fields';

/** `tasks.api.scrum.backlog.*`, with the vendor's checks in the vendor's order (docs/bitrix24-rules.md#scrum). */
export const backlogMethods: MethodTable = {
  'tasks.api.scrum.backlog.getFields': { scope: 'task', run: getFields },
  'tasks.api.scrum.backlog.get': { scope: 'task', run: get },
  'tasks.api.scrum.backlog.add': { scope: 'task', writes: true, run: add },
  'tasks.api.scrum.backlog.update': { scope: 'task', writes: true, run: update },
  'tasks.api.scrum.backlog.delete': { scope: 'task', writes: true, run: remove },
};

function getFields(): unknown {
  return { fields: integerFields('groupId', 'createdBy', 'modifiedBy') };
}

/** Its `id` is the group's. */
function get(context: MethodContext): BacklogRow {
  const groupId = bindInt(context.params, 'id');
  if (groupId === 0) refuse('Group id not found');
  const backlog = ofGroup(context, groupId) ?? refuse('Backlog not found');
  requireGroupAccess(context, backlog.groupId);
  return shown(backlog);
}

function add(context: MethodContext): BacklogRow {
  const fields = bindFields(context.params);
  const groupId = toInt(fields['groupId']);
  if (groupId === 0) refuse('Group id not found');
  requireGroupAccess(context, groupId);
  if (ofGroup(context, groupId) !== undefined) refuse('Backlog already added');
  const createdBy = userField(context, fields, 'createdBy') ?? 0;
  const modifiedBy = userField(context, fields, 'modifiedBy') ?? 0;
  if (createdBy === 0 || context.portal.scrum.backlogOfGroup(groupId) !== undefined) refuse('Unable to add backlog');
  return shown(context.portal.scrum.addBacklog({ groupId, createdBy, modifiedBy }));
}

/** `modifiedBy` becomes 0 when it is not sent. */
function update(context: MethodContext): BacklogRow {
  const { scrum } = context.portal;
  const id = bindInt(context.params, 'id');
  const fields = bindFields(context.params);
  const backlog = byId(context, id);
  const groupId = targetGroup(context, backlog, fields);
  const createdBy = userField(context, fields, 'createdBy') ?? backlog.createdBy;
  const modifiedBy = userField(context, fields, 'modifiedBy') ?? 0;
  if (!scrum.backlogs.has(id)) refuse('Unable to update backlog');
  const updated = { id, groupId, createdBy, modifiedBy };
  scrum.backlogs.set(id, updated);
  return shown(updated);
}

/** Answers `[]`, also when it silently failed. */
function remove(context: MethodContext): [] {
  const id = bindInt(context.params, 'id');
  const backlog = byId(context, id);
  if (context.portal.scrum.itemsOf(backlog.id).length > 0) refuse('It is forbidden remove a backlog with items');
  if (!context.silentlyFails) context.portal.scrum.removeEntity(id);
  return [];
}

function byId(context: MethodContext, id: number): BacklogRow {
  if (id === 0) refuse('Backlog id not found');
  const found = context.cache.read(`entity:${id}`, () => context.portal.scrum.backlogs.get(id));
  const backlog = found ?? refuse('Backlog not found');
  requireGroupAccess(context, backlog.groupId);
  return backlog;
}

function ofGroup(context: MethodContext, groupId: number): BacklogRow | undefined {
  return context.cache.read(`backlog-of-group:${groupId}`, () => context.portal.scrum.backlogOfGroup(groupId));
}

function targetGroup(context: MethodContext, backlog: BacklogRow, fields: PhpInput): number {
  if (!isNumeric(fields['groupId'])) return backlog.groupId;
  const groupId = toInt(fields['groupId']);
  if (groupId === backlog.groupId) return groupId;
  if (context.portal.scrum.itemsOf(backlog.id).length > 0) refuse('It is forbidden move a backlog with items');
  if (ofGroup(context, groupId) !== undefined) refuse('The target group already has a backlog');
  if (context.portal.scrum.backlogOfGroup(groupId) !== undefined) refuse('Unable to update backlog');
  return groupId;
}

function shown({ id, groupId, createdBy, modifiedBy }: BacklogRow): BacklogRow {
  return { id, groupId, createdBy, modifiedBy };
}
