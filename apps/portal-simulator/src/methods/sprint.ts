import { bindFields, bindInt, isNumeric, toInt, toText } from '../bind-parameter';
import { type MethodContext, type MethodTable, type VendorPage } from '../method-context';
import type { PhpInput } from '../php-input';
import type { SprintRow } from '../scrum-store';
import { refuse } from '../vendor-refusal';
import { type Columns, pageOf } from './page-of';
import { integerFields, requireGroupAccess, textFields, userField } from './scrum-fields';

/** `tasks.api.scrum.sprint.*` (docs/bitrix24-rules.md#scrum). */
export const sprintMethods: MethodTable = {
  'tasks.api.scrum.sprint.getFields': { scope: 'task', run: getFields },
  'tasks.api.scrum.sprint.get': { scope: 'task', run: get },
  'tasks.api.scrum.sprint.list': { scope: 'task', run: list },
  'tasks.api.scrum.sprint.add': { scope: 'task', writes: true, run: add },
  'tasks.api.scrum.sprint.update': { scope: 'task', writes: true, run: update },
  'tasks.api.scrum.sprint.delete': { scope: 'task', writes: true, run: remove },
  'tasks.api.scrum.sprint.start': { scope: 'task', writes: true, run: start },
  'tasks.api.scrum.sprint.complete': { scope: 'task', writes: true, run: complete },
};

const columns: Columns<SprintRow> = {
  ID: 'id',
  GROUP_ID: 'groupId',
  NAME: 'name',
  SORT: 'sort',
  CREATED_BY: 'createdBy',
  MODIFIED_BY: 'modifiedBy',
  DATE_START: 'dateStart',
  DATE_END: 'dateEnd',
  STATUS: 'status',
};

const statuses: readonly string[] = ['planned', 'active', 'completed'] satisfies SprintRow['status'][];

function getFields(): unknown {
  return {
    fields: {
      ...integerFields('groupId'),
      ...textFields('name'),
      ...integerFields('sort', 'createdBy', 'modifiedBy'),
      ...textFields('dateStart', 'dateEnd', 'status'),
    },
  };
}

function get(context: MethodContext): unknown {
  const sprint = byId(context, bindInt(context.params, 'id'));
  requireGroupAccess(context, sprint.groupId);
  return shown(sprint);
}

function list({ portal, caller, params }: MethodContext): VendorPage {
  const { scrum } = portal;
  const visible = [...scrum.sprints.values()].filter((sprint) => scrum.canAccess(sprint.groupId, caller.userId));
  const page = pageOf(visible, columns, params);
  page.result.forEach((sprint, index) => (page.result[index] = shown(sprint as SprintRow)));
  return page;
}

function add(context: MethodContext): unknown {
  const { scrum } = context.portal;
  const fields = bindFields(context.params);
  const groupId = toInt(fields['groupId']);
  if (groupId === 0) refuse('Group id not found');
  requireGroupAccess(context, groupId);
  const createdBy = userField(context, fields, 'createdBy') ?? 0;
  const modifiedBy = userField(context, fields, 'modifiedBy') ?? 0;
  const dateStart = dateField(fields, 'dateStart');
  const dateEnd = dateField(fields, 'dateEnd');
  const status = statusField(fields['status']);
  requireOneActive(context, groupId, status);
  const named = { name: toText(fields['name']), goal: '', sort: toInt(fields['sort']) };
  const sprint = { id: scrum.nextEntityId(), groupId, ...named, createdBy, modifiedBy, dateStart, dateEnd, status };
  scrum.sprints.set(sprint.id, sprint);
  return shown(sprint);
}

function update(context: MethodContext): unknown {
  const id = bindInt(context.params, 'id');
  const fields = bindFields(context.params);
  const sprint = byId(context, id);
  requireGroupAccess(context, sprint.groupId);
  const groupId = isNumeric(fields['groupId']) ? toInt(fields['groupId']) : sprint.groupId;
  const hasItems = context.portal.scrum.itemsOf(id).length > 0;
  if (groupId !== sprint.groupId && hasItems) refuse('It is forbidden move a sprint with items');
  const updated: SprintRow = {
    ...sprint,
    groupId,
    name: typeof fields['name'] === 'string' ? fields['name'] : sprint.name,
    sort: isNumeric(fields['sort']) ? toInt(fields['sort']) : sprint.sort,
    createdBy: userField(context, fields, 'createdBy') ?? sprint.createdBy,
    modifiedBy: userField(context, fields, 'modifiedBy') ?? 0,
    dateStart: 'dateStart' in fields ? dateField(fields, 'dateStart') : sprint.dateStart,
    dateEnd: 'dateEnd' in fields ? dateField(fields, 'dateEnd') : sprint.dateEnd,
    status: typeof fields['status'] === 'string' ? statusField(fields['status']) : sprint.status,
  };
  if (typeof fields['status'] === 'string') requireOneActive(context, groupId, updated.status);
  return saved(context, updated);
}

/** Its tasks move to the group's backlog first; without one they hold the sprint. `[]` also when it silently failed. */
function remove(context: MethodContext): [] {
  const { scrum } = context.portal;
  const id = bindInt(context.params, 'id');
  if (id === 0) refuse('Sprint not found');
  const sprint = byId(context, id);
  requireGroupAccess(context, sprint.groupId);
  const items = scrum.itemsOf(id);
  const backlog = scrum.backlogOfGroup(sprint.groupId);
  if (items.length > 0 && backlog === undefined) refuse('It is forbidden remove a sprint with items');
  if (context.silentlyFails) return [];
  if (backlog !== undefined) for (const item of items) item.entityId = backlog.id;
  scrum.removeEntity(id);
  return [];
}

function start(context: MethodContext): unknown {
  const sprint = byId(context, bindInt(context.params, 'id'));
  if (sprint.status !== 'planned') refuse('Sprint must be planned');
  requireGroupAccess(context, sprint.groupId);
  const { scrum } = context.portal;
  if (scrum.activeSprintOf(sprint.groupId) !== undefined) refuse('Unable to start sprint');
  return saved(context, { ...sprint, status: 'active' });
}

/** Its `id` is the group's. */
function complete(context: MethodContext): unknown {
  const groupId = bindInt(context.params, 'id');
  if (groupId === 0) refuse('Group id not found');
  const { scrum } = context.portal;
  const sprint = scrum.activeSprintOf(groupId) ?? refuse('Sprint not found');
  requireGroupAccess(context, groupId);
  const items = scrum.itemsOf(sprint.id);
  const backlog = scrum.backlogOfGroup(groupId);
  if (items.length > 0 && backlog === undefined) refuse('Sprint items have not been moved to backlog');
  if (backlog !== undefined) for (const item of items) item.entityId = backlog.id;
  return saved(context, { ...sprint, status: 'completed' });
}

function byId(context: MethodContext, id: number): SprintRow {
  if (id === 0) refuse('Sprint id not found');
  const found = context.cache.read(`entity:${id}`, () => context.portal.scrum.sprints.get(id));
  return found ?? refuse('Sprint not found');
}

function saved(context: MethodContext, sprint: SprintRow): unknown {
  context.portal.scrum.sprints.set(sprint.id, sprint);
  return shown(sprint);
}

function requireOneActive(context: MethodContext, groupId: number, status: string): void {
  const other = context.portal.scrum.activeSprintOf(groupId);
  if (status === 'active' && other !== undefined) refuse('Unable to add two active sprint');
}

function statusField(value: unknown): SprintRow['status'] {
  const status = toText(value);
  return statuses.includes(status) ? (status as SprintRow['status']) : refuse('Incorrect sprint status');
}

/** A unix time or anything PHP would read as a date. */
function dateField(fields: PhpInput, name: string): string {
  const value = fields[name];
  const ms = isNumeric(value) ? toInt(value) * 1000 : Date.parse(toText(value));
  if (!Number.isFinite(ms)) refuse(`Incorrect ${name} format`);
  return `${new Date(ms).toISOString().slice(0, 19)}+00:00`;
}

function shown(sprint: SprintRow): unknown {
  const { id, groupId, ...rest } = sprint;
  return { id, groupId, entityType: 'sprint', ...rest };
}
