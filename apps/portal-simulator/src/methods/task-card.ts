import { bindFields, bindInt, isNumeric, toInt, toText } from '../bind-parameter';
import { type MethodContext, type MethodTable, type VendorPage } from '../method-context';
import { type PhpInput, isMap } from '../php-input';
import type { TaskRow } from '../task-store';
import { vendorDate } from '../vendor-date';
import { refuse, VendorRefusal } from '../vendor-refusal';
import { type Columns, keyedPage, rowsOf, selectedNames } from './page-of';
import { isReadableTask } from './task-access';

/** `tasks.task.*`: upper-case names go in, camel-case names with numbers as text come back. */
export const taskCardMethods: MethodTable = {
  'tasks.task.get': { scope: 'task', run: get },
  'tasks.task.list': { scope: 'task', run: list },
  'tasks.task.add': { scope: 'task', writes: true, run: add },
  'tasks.task.update': { scope: 'task', writes: true, run: update },
  'tasks.task.complete': { scope: 'task', writes: true, run: complete },
};

type TaskField = string | number | null | readonly string[];
type ShownTask = Readonly<Record<string, TaskField>>;

/** The names in `select`, `filter` and `order`, and the field of the answer that each stands for. */
const fieldOf: Readonly<Record<string, string>> = {
  ...{ ID: 'id', PARENT_ID: 'parentId', TITLE: 'title', DESCRIPTION: 'description', PRIORITY: 'priority' },
  ...{ STAGE_ID: 'stageId', SPRINT_ID: 'sprintId', BACKLOG_ID: 'backlogId', CREATED_BY: 'createdBy' },
  ...{ CREATED_DATE: 'createdDate', RESPONSIBLE_ID: 'responsibleId', CHANGED_BY: 'changedBy' },
  ...{ CHANGED_DATE: 'changedDate', CLOSED_BY: 'closedBy', CLOSED_DATE: 'closedDate', DEADLINE: 'deadline' },
  ...{ STATUS: 'status', GROUP_ID: 'groupId', CHAT_ID: 'chatId', AUDITORS: 'auditors', ACCOMPLICES: 'accomplices' },
};
const columns: Columns<ShownTask> = { ...fieldOf, REAL_STATUS: 'status' };
const statuses = [2, 3, 4, 5, 6];

/** An empty list where there is no task, or none that the user may see. */
function get(context: MethodContext): unknown {
  const { portal, params } = context;
  const taskId = toInt(params['taskId']);
  if (taskId <= 0) refuse('wrong task id');
  if (params['select'] !== undefined) bindFields(params, 'select');
  if (!isReadableTask(context, taskId)) return [];
  return { task: { ...selected(shown(portal, taskId), params['select']), group: [], action: {} } };
}

function list(context: MethodContext): VendorPage {
  const { portal, params } = context;
  const order = isMap(params['order']) ? params['order'] : { ID: 'desc' };
  if (!Object.keys(order).every((name) => name in columns)) refuse('Invalid sorting key (internal error)');
  const filter = filterOf(params['filter']);
  const cards = candidates(context, filter).map((id) => shown(portal, id));
  const rows = rowsOf(cards, columns, { filter, order });
  const hidden = portal.quirks.taskPlaces === 'absent' ? ['sprintId', 'backlogId'] : [];
  const visible = rows.map((row) => without(selected(row, params['select']), hidden));
  return keyedPage(visible, params, 'tasks');
}

/** The tasks of the group in the filter, after the id in it: large portals would take long to show all. */
function candidates(context: MethodContext, filter: PhpInput): number[] {
  const { scrum } = context.portal;
  const after = toInt(filter['>ID']);
  const groupId = isNumeric(filter['GROUP_ID']) ? toInt(filter['GROUP_ID']) : undefined;
  const ids = [...scrum.tasks].filter(([id, group]) => id > after && (groupId ?? group) === group).map(([id]) => id);
  return ids.filter((id) => isReadableTask(context, id));
}

/** A title matches as a pattern, where `%` stands for any text. Unknown names are passed over. */
function filterOf(filter: unknown): PhpInput {
  if (!isMap(filter)) return {};
  const known = Object.entries(filter).filter(([key]) => key.replace(/^[=!<>%]+/, '') in columns);
  return Object.fromEntries(
    known.map(([key, value]) => {
      const pattern = toText(value);
      return key === 'TITLE' && /^%.*%$/.test(pattern) ? ['%TITLE', pattern.slice(1, -1)] : [key, value];
    }),
  );
}

function add(context: MethodContext): unknown {
  const { portal, caller } = context;
  const fields = bindFields(context.params);
  if (toText(fields['TITLE']) === '') throw refusal('Task title is not specified');
  if (toInt(fields['RESPONSIBLE_ID']) <= 0) throw refusal('Responsible person not specified');
  requireUser(context, fields, 'User specified in the "Responsible" field not found');
  const groupId = groupOf(context, fields);
  requireParent(context, fields);
  const id = portal.scrum.nextId(portal.scrum.tasks);
  portal.scrum.addTask(id, groupId ?? 0);
  const now = vendorDate(portal.clock.now());
  const createdBy = isNumeric(fields['CREATED_BY']) ? toInt(fields['CREATED_BY']) : caller.userId;
  const made = { createdBy, createdDate: now, changedBy: createdBy, changedDate: now };
  Object.assign(portal.tasks.card(id), { deadline: null, ...made, ...cardFields(fields) });
  return { task: shown(portal, id) };
}

function update(context: MethodContext): unknown {
  const { portal } = context;
  const taskId = requireTask(context);
  const fields = bindFields(context.params);
  if (Object.keys(fields).length === 0)
    throw new VendorRefusal(100, 'Could not find value for parameter {fields} (internal error)', 400);
  if ('STATUS' in fields && !statuses.includes(toInt(fields['STATUS']))) throw refusal('Invalid status');
  requireUser(context, fields, 'The user specified in the "Responsible" field was not found');
  requireParent(context, fields, taskId);
  const groupId = groupOf(context, fields);
  if (groupId !== undefined) portal.scrum.addTask(taskId, groupId);
  change(context, taskId, cardFields(fields));
  return { task: shown(portal, taskId) };
}

/** A completed task can't be completed a second time. */
function complete(context: MethodContext): unknown {
  const taskId = requireTask(context);
  if (context.portal.tasks.card(taskId).status === 5) refuse('Action on the task is not allowed');
  change(context, taskId, { status: 5 });
  return { task: shown(context.portal, taskId) };
}

function change({ portal, caller }: MethodContext, taskId: number, fields: Partial<TaskRow>): void {
  const card = portal.tasks.card(taskId);
  const now = vendorDate(portal.clock.now());
  const closes = fields.status === 5 && card.status !== 5;
  const opens = fields.status !== undefined && fields.status !== 5;
  Object.assign(card, { changedBy: caller.userId, changedDate: now }, fields);
  if (closes) Object.assign(card, { closedBy: caller.userId, closedDate: now });
  if (opens) Object.assign(card, { closedBy: 0, closedDate: null });
}

function requireTask(context: MethodContext): number {
  const taskId = bindInt(context.params, 'taskId');
  if (taskId <= 0) refuse('wrong task id');
  return isReadableTask(context, taskId) ? taskId : refuse('Action on the task is not allowed');
}

function requireUser({ portal }: MethodContext, fields: PhpInput, sentence: string): void {
  if ('RESPONSIBLE_ID' in fields && !portal.scrum.users.has(toInt(fields['RESPONSIBLE_ID']))) throw refusal(sentence);
}

function requireParent({ portal }: MethodContext, fields: PhpInput, taskId?: number): void {
  const parentId = toInt(fields['PARENT_ID']);
  if (parentId === 0) return;
  if (parentId === taskId) throw refusal('Cannot bind the node to itself');
  if (!portal.scrum.tasks.has(parentId)) throw refusal('Task specified in the "Parent Task" field not found');
}

function groupOf({ portal, caller }: MethodContext, fields: PhpInput): number | undefined {
  if (!isNumeric(fields['GROUP_ID'])) return undefined;
  const groupId = toInt(fields['GROUP_ID']);
  if (groupId === 0 || portal.scrum.canAccess(groupId, caller.userId)) return groupId;
  throw refusal('TASKS_ERROR_EXCEPTION_#8; Action failed; 8/TE/ACTION_FAILED_TO_BE_PROCESSED');
}

/** An empty deadline removes it. Dates are stored in UTC. */
function cardFields(fields: PhpInput): Partial<TaskRow> {
  const deadline = toText(fields['DEADLINE']);
  const utc = Number.isFinite(Date.parse(deadline)) ? vendorDate(Date.parse(deadline)) : null;
  const ids = (value: unknown) => (Array.isArray(value) ? value.map(toInt) : []);
  return {
    ...(typeof fields['TITLE'] === 'string' && { title: fields['TITLE'] }),
    ...(typeof fields['DESCRIPTION'] === 'string' && { description: fields['DESCRIPTION'] }),
    ...(isNumeric(fields['STATUS']) && { status: toInt(fields['STATUS']) }),
    ...(isNumeric(fields['PRIORITY']) && { priority: toInt(fields['PRIORITY']) }),
    ...(isNumeric(fields['PARENT_ID']) && { parentId: toInt(fields['PARENT_ID']) }),
    ...(isNumeric(fields['RESPONSIBLE_ID']) && { responsibleId: toInt(fields['RESPONSIBLE_ID']) }),
    ...('DEADLINE' in fields && { deadline: utc }),
    ...('AUDITORS' in fields && { auditors: ids(fields['AUDITORS']) }),
    ...('ACCOMPLICES' in fields && { accomplices: ids(fields['ACCOMPLICES']) }),
  };
}

/** Ids are text, an absent parent is null; a stage of 0 means none. */
function shown({ scrum, tasks }: MethodContext['portal'], taskId: number): ShownTask {
  const card = tasks.card(taskId);
  const place = scrum.items.get(taskId)?.entityId ?? 0;
  const inSprint = scrum.sprints.has(place);
  const text = (id: number) => String(id);
  // One literal: a large board takes tens of thousands of them.
  return {
    id: text(taskId),
    title: card.title,
    description: card.description,
    priority: text(card.priority),
    parentId: card.parentId === 0 ? null : text(card.parentId),
    status: text(card.status),
    mark: null,
    stageId: text(scrum.stageOfTask.get(taskId) ?? 0),
    groupId: text(scrum.tasks.get(taskId) ?? 0),
    sprintId: inSprint ? text(place) : null,
    backlogId: scrum.backlogs.has(place) ? text(place) : null,
    createdBy: text(card.createdBy),
    createdDate: card.createdDate,
    responsibleId: text(card.responsibleId),
    changedBy: text(card.changedBy),
    changedDate: card.changedDate,
    closedBy: text(card.closedBy),
    closedDate: card.closedDate,
    deadline: card.deadline,
    chatId: tasks.chatOf(taskId),
    auditors: card.auditors.map(text),
    accomplices: card.accomplices.map(text),
  };
}

function selected(task: ShownTask, select: unknown): ShownTask {
  const names = selectedNames(select);
  if (names === undefined || names.includes('*')) return task;
  return Object.fromEntries(
    names.flatMap((name) => (fieldOf[name] === undefined ? [] : [entryOf(task, fieldOf[name])])),
  );
}

function entryOf(task: ShownTask, field: string): [string, TaskField] {
  return [field, task[field] ?? null];
}

function without(task: ShownTask, names: readonly string[]): ShownTask {
  return Object.fromEntries(Object.entries(task).filter(([name]) => !names.includes(name)));
}

/** The sentences of these methods end with a line break of HTML. */
function refusal(sentence: string): VendorRefusal {
  return new VendorRefusal('ERROR_CORE', `${sentence}<br>`, 400);
}
