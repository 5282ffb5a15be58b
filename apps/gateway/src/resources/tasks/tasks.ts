import { randomUUID } from 'node:crypto';
import { Fault } from '@b24/portal';
import { z } from 'zod';
import { pageSchema } from '../../http/list-page';
import { idSchema, momentSchema, pathId } from '../../http/shapes';
import { declaredCommand, declare } from '../declaration';
import { listParams, pageQuery, parsePage } from '../paging';
import { parseAnswer } from '../parse-answer';
import type { Resource } from '../resource';
import { changesSchema, scrumEntity } from '../scrum/shapes';
import { taskColumns, taskSchema, toTask } from './task-shape';

const taskPage = pageSchema(taskSchema, 'The tasks of the page, ordered by id.').meta({ id: 'TaskPage' });

const title = z.string().min(1).max(255).describe('The title.');
const responsibleId = idSchema.describe('The id of the user who is responsible.');
const fields = {
  description: z.string().optional().describe('The description, of any length, in BBCode.'),
  groupId: idSchema.optional().describe('The id of the workgroup, project or scrum.'),
  parentId: idSchema.optional().describe('The id of the task that it is a part of.'),
  priority: z.int().min(0).max(2).optional().describe('0 low, 1 medium, 2 high.'),
  accomplices: z.array(idSchema).max(100).optional().describe('The ids of the users who take part.'),
  auditors: z.array(idSchema).max(100).optional().describe('The ids of the users who observe.'),
};
const newTask = z
  .strictObject({
    title,
    responsibleId,
    createdBy: idSchema
      .optional()
      .describe('The id of the user who creates it: the one who granted access unless set.'),
    deadline: momentSchema.optional().describe('The deadline.'),
    ...fields,
  })
  .meta({ id: 'NewTask', examples: [{ title: 'Write the release notes', responsibleId: 6, groupId: 125 }] });
const taskChanges = changesSchema(
  {
    title: title.optional(),
    responsibleId: responsibleId.optional(),
    deadline: momentSchema.nullable().optional().describe('The deadline; null removes it.'),
    status: z
      .union([z.literal(2), z.literal(3), z.literal(4), z.literal(5), z.literal(6)])
      .optional()
      .describe('2 waiting, 3 in progress, 4 awaiting approval, 5 completed, 6 deferred.'),
    ...fields,
  },
  'TaskChanges',
  { title: 'Write and translate the release notes' },
);

const columnOf = {
  ...{ title: 'TITLE', description: 'DESCRIPTION', responsibleId: 'RESPONSIBLE_ID', createdBy: 'CREATED_BY' },
  ...{ groupId: 'GROUP_ID', parentId: 'PARENT_ID', priority: 'PRIORITY', status: 'STATUS', deadline: 'DEADLINE' },
  ...{ accomplices: 'ACCOMPLICES', auditors: 'AUDITORS' },
} as const;

/** Names fields as the vendor does. An empty text removes a value. */
function sent(task: Readonly<Partial<Record<keyof typeof columnOf, unknown>>>): Record<string, unknown> {
  const named = Object.entries(task).filter(([name, value]) => name in columnOf && value !== undefined);
  return Object.fromEntries(named.map(([name, value]) => [columnOf[name as keyof typeof columnOf], value ?? '']));
}

const idQuery = (description: string) => ({ text: pathId, json: idSchema, description });
const statusQuery = z.enum(['2', '3', '4', '5', '6']);

/** https://apidocs.bitrix24.com/api-reference/tasks/tasks-task-list.html */
const listTasks = declare({
  id: 'listTasks',
  method: 'tasks.task.list',
  verb: 'get',
  path: 'tasks',
  summary: 'List tasks, by id',
  description: 'The tasks that the user who granted access may see, and that match everything you name.',
  query: {
    groupId: idQuery('Tasks of this group only.'),
    sprintId: idQuery('Tasks in this sprint only.'),
    backlogId: idQuery('Tasks in this backlog only.'),
    responsibleId: idQuery('Tasks for which this user is responsible.'),
    status: {
      text: statusQuery,
      json: statusQuery,
      description: 'Tasks with this status: 2 waiting, 3 in progress, 4 awaiting approval, 5 completed, 6 deferred.',
    },
    title: {
      text: z.string().min(1).max(255),
      json: z.string().min(1).max(255),
      description: 'A part of the title; `%` in it stands for any text.',
    },
    ...pageQuery,
  },
  status: 200,
  answerDescription: 'A page of tasks; the last one may be empty.',
  answer: taskPage,
  faults: ['list_not_walkable'],
  params: ({ groupId, sprintId, backlogId, responsibleId: user, status, title: part, ...page }) => ({
    ...listParams(
      {
        ...{ GROUP_ID: groupId, SPRINT_ID: sprintId, BACKLOG_ID: backlogId, RESPONSIBLE_ID: user },
        ...{ REAL_STATUS: status, TITLE: part === undefined ? undefined : `%${part}%` },
      },
      page,
    ),
    select: taskColumns,
  }),
  read: (value, page) => parsePage(taskSchema, parseAnswer(z.object({ tasks: z.unknown() }), value).tasks, page),
});

/** https://apidocs.bitrix24.com/api-reference/tasks/tasks-task-get.html */
const getTask = declare({
  id: 'getTask',
  method: 'tasks.task.get',
  verb: 'get',
  path: 'tasks/:taskId',
  summary: 'Get a task',
  status: 200,
  answerDescription: 'The task.',
  answer: taskSchema,
  faults: ['task_not_found'],
  params: ({ taskId }) => ({ taskId, select: taskColumns }),
  // An empty list stands for a task that does not exist or that the user may not see.
  read: (value) => {
    if (Array.isArray(value) && value.length === 0) throw new Fault('task_not_found');
    return toTask(value);
  },
});

/** https://apidocs.bitrix24.com/api-reference/tasks/tasks-task-add.html */
const addTask = declare({
  id: 'addTask',
  method: 'tasks.task.add',
  verb: 'post',
  path: 'tasks',
  summary: 'Add a task',
  description:
    "A task of a scrum is in no sprint yet: `updateTaskScrum` puts it into the backlog or a sprint. Fields that the portal's administrator has made required are `rejected_by_portal` when they are missing.",
  body: newTask,
  status: 201,
  answerDescription: 'The new task.',
  answer: taskSchema,
  location: { description: 'The path of the task.', of: ({ id }) => `tasks/${id}` },
  faults: ['user_not_found'],
  lost: {
    kind: 'unsettled',
    advice: 'Look for it with GET /v1/portals/{portal}/tasks?title=…; add it again only if it is not there.',
  },
  params: (task) => ({ fields: sent(task) }),
  // A new task is different from every existing and every other new one.
  entity: () => scrumEntity({ task: `new ${randomUUID()}` }),
  read: toTask,
});

/** https://apidocs.bitrix24.com/api-reference/tasks/tasks-task-update.html */
const updateTask = declare({
  id: 'updateTask',
  method: 'tasks.task.update',
  verb: 'patch',
  path: 'tasks/:taskId',
  summary: 'Change a task',
  description:
    'Fields that you omit keep their values. For a task that does not exist, Bitrix24 denies access. `updateTaskScrum` moves a task between backlog and sprints.',
  body: taskChanges,
  status: 200,
  answerDescription: 'The task after the change.',
  answer: taskSchema,
  faults: ['user_not_found'],
  lost: {
    kind: 'repeatable',
    advice: 'Read the task; the same change may be sent again if nobody else changed it since.',
  },
  params: ({ taskId, ...task }) => ({ taskId, fields: sent(task) }),
  read: toTask,
});

const [awaitingApproval, completed] = [4, 5];

/** https://apidocs.bitrix24.com/api-reference/tasks/status/tasks-task-complete.html */
const completeTask = declare({
  id: 'completeTask',
  method: 'tasks.task.complete',
  verb: 'post',
  path: 'tasks/:taskId/complete',
  summary: 'Complete a task',
  description:
    'A task that its creator must approve awaits the approval then. For a task that does not exist, or is completed already, Bitrix24 denies access.',
  status: 200,
  answerDescription: 'The task, now completed or awaiting approval.',
  answer: taskSchema,
  faults: [],
  lost: {
    kind: 'state',
    advice: 'Read the task: status 5 means completed, 4 awaiting approval.',
    at: ({ taskId }) => ({
      lookUp: declaredCommand(getTask, { taskId }),
      isAsSent: ({ status }) => status === completed || status === awaitingApproval,
      isBefore: ({ status }) => status < awaitingApproval || status > completed,
      conflictCode: 'access_denied',
    }),
  },
  params: ({ taskId }) => ({ taskId }),
  read: toTask,
});

export const resource: Resource = {
  tag: 'tasks',
  about: 'Tasks, with or without a scrum.',
  scope: 'task',
  methods: [listTasks, getTask, addTask, updateTask, completeTask],
};
