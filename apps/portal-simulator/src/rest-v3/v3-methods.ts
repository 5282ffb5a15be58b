import type { AuthenticatedCaller } from '../method-context';
import { isReadableTask } from '../methods/task-access';
import type { OrderedArray } from '../ordered-array';
import { type PhpInput, isMap } from '../php-input';
import type { PortalState } from '../portal-state';
import { vendorDate } from '../vendor-date';
import { listRows } from './list-rows';
import { type V3Entity, selectFields } from './select-fields';
import { V3Refusal } from './v3-refusal';
import type { V3Row } from './v3-store';

export interface V3Context {
  readonly portal: PortalState;
  readonly caller: AuthenticatedCaller;
  readonly params: PhpInput;
  readonly received: OrderedArray;
}

export interface V3Method {
  readonly scope: string;
  readonly writes?: boolean;
  readonly onlyAdministrators?: boolean;
  readonly run: (context: V3Context) => unknown;
}

const user = (id: unknown): V3Row => ({ id, name: `User ${String(id)}`, email: `user${String(id)}@example.com` });

const task: V3Entity = {
  name: 'TaskDto',
  fields: ['id', 'title', 'description', 'status', 'deadline', 'creatorId', 'responsibleId', 'groupId'],
  relations: {
    responsible: { name: 'UserDto', fields: ['id', 'name', 'email'], read: (row) => user(row['responsibleId']) },
    creator: { name: 'UserDto', fields: ['id', 'name', 'email'], read: (row) => user(row['creatorId']) },
  },
};

const eventLog: V3Entity = {
  name: 'EventLogDto',
  fields: [
    ...['id', 'timestampX', 'severity', 'auditTypeId', 'moduleId', 'itemId', 'remoteAddr', 'userAgent'],
    ...['requestUri', 'siteId', 'userId', 'description'],
  ],
};

/** Methods of REST 3, from the pages of apidocs.bitrix24.com; `lab.echo` is for tests. */
export const v3Methods: Readonly<Record<string, V3Method>> = {
  'tasks.task.get': { scope: 'task', run: getTask },
  'tasks.task.list': { scope: 'task', run: ({ portal, params }) => listRows(portal.v3.tasks.values(), task, params) },
  'tasks.task.add': { scope: 'task', writes: true, run: addTask },
  'tasks.task.update': { scope: 'task', writes: true, run: updateTask },
  'tasks.task.delete': { scope: 'task', writes: true, run: deleteTask },
  'tasks.task.chat.message.send': { scope: 'tasks', writes: true, run: sendMessage },
  'main.eventlog.list': {
    scope: 'main',
    onlyAdministrators: true,
    run: ({ portal, params }) => listRows(portal.v3.events, eventLog, params),
  },
  'lab.echo': { scope: '', run: ({ received }) => received },
};

function getTask({ portal, params }: V3Context): unknown {
  return { item: selectFields(taskOf(portal, params), task, params['select']) };
}

function addTask({ portal, params }: V3Context): unknown {
  const fields = fieldsOf(params);
  const missing = ['title', 'creatorId', 'responsibleId'].filter((name) => fields[name] === undefined);
  const validation = missing.map((field) => ({ field, message: `Required field \`${field}\` is missing` }));
  if (validation.length > 0) throw V3Refusal.invalid(...validation);
  for (const name of ['creatorId', 'responsibleId']) requireUser(portal, name, fields[name]);
  return { item: portal.v3.tasks.get(portal.v3.addTask(fields)) };
}

function updateTask({ portal, params }: V3Context): unknown {
  const row = taskOf(portal, params);
  portal.v3.tasks.set(Number(row['id']), { ...row, ...fieldsOf(params) });
  return { result: true };
}

function deleteTask({ portal, params }: V3Context): unknown {
  return { result: portal.v3.tasks.delete(Number(taskOf(portal, params)['id'])) };
}

/** Writes into the chat of a task of the portal, not of `v3.tasks`. */
function sendMessage({ portal, caller, params }: V3Context): unknown {
  const { fields } = params;
  if (!isMap(fields)) throw V3Refusal.missing('fields');
  const { taskId, text } = fields;
  for (const name of ['taskId', 'text']) if (fields[name] === undefined) throw V3Refusal.missing(name);
  if (!Number.isInteger(taskId)) throw V3Refusal.mistyped('taskId', 'int');
  if (typeof text !== 'string') throw V3Refusal.mistyped('text', 'string');
  if (!isReadableTask({ portal, caller }, Number(taskId))) throw V3Refusal.of('ACCESSDENIED', 'Access denied', 403);
  const date = vendorDate(portal.clock.now());
  portal.tasks.addMessage({ chatId: portal.tasks.chatOf(Number(taskId)), authorId: caller.userId, date, text });
  return { result: true };
}

function taskOf(portal: PortalState, params: PhpInput): V3Row {
  const { id } = params;
  if (id === undefined) throw V3Refusal.missing('id');
  if (!Number.isInteger(id)) throw V3Refusal.mistyped('id', 'int');
  const row = portal.v3.tasks.get(Number(id));
  if (row === undefined) throw V3Refusal.of('ENTITYNOTFOUND', `Record with ID = \`${Number(id)}\` not found`);
  return row;
}

/** Known fields only; `id` can't be written. */
function fieldsOf(params: PhpInput): Record<string, unknown> {
  const { fields } = params;
  if (fields === undefined) throw V3Refusal.missing('fields');
  if (!isMap(fields)) throw V3Refusal.mistyped('fields', 'array');
  return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== 'id' && task.fields.includes(name)));
}

function requireUser(portal: PortalState, field: string, id: unknown): void {
  if (!Number.isInteger(id)) throw V3Refusal.mistyped(field, 'int');
  if (!portal.scrum.users.has(Number(id))) throw V3Refusal.invalid({ field, message: 'The user was not found' });
}
