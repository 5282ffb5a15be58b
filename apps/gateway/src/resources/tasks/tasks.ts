import { z } from 'zod';
import { idOrText, idOrZeroOrText, numberOrText } from '../answer-schemas';
import { declare } from '../declaration';
import { parseAnswer } from '../parse-answer';
import type { Resource } from '../resource';

const moment = z.iso.datetime({ offset: true }).nullable();
const taskSchema = z
  .object({
    id: idOrText.describe('The id of the task.'),
    title: z.string().describe('The title.'),
    status: numberOrText.describe('2 waiting, 3 in progress, 4 awaiting approval, 5 completed, 6 deferred.'),
    groupId: idOrZeroOrText.describe('The id of the workgroup or project; 0 when there is none.'),
    responsibleId: idOrText.describe('The id of the user who is responsible.'),
    createdBy: idOrText.describe('The id of the user who created the task.'),
    createdDate: moment.describe('When the task was created.'),
    deadline: moment.describe('The deadline; null when there is none.'),
  })
  .meta({
    id: 'Task',
    examples: [
      {
        id: 8017,
        title: 'Write the release notes',
        status: 2,
        groupId: 125,
        responsibleId: 6,
        createdBy: 1,
        createdDate: '2026-11-02T09:00:00+01:00',
        deadline: null,
      },
    ],
  });

/** https://apidocs.bitrix24.com/api-reference/tasks/tasks-task-get.html */
const getTask = declare({
  id: 'getTask',
  method: 'tasks.task.get',
  verb: 'get',
  path: 'tasks/:taskId',
  summary: 'A task',
  status: 200,
  answerDescription: 'The task.',
  answer: taskSchema,
  faults: ['task_not_found'],
  params: ({ taskId }) => ({
    taskId,
    select: ['ID', 'TITLE', 'STATUS', 'GROUP_ID', 'RESPONSIBLE_ID', 'CREATED_BY', 'CREATED_DATE', 'DEADLINE'],
  }),
  read: (value) => parseAnswer(z.object({ task: taskSchema }), value).task,
});

export const resource: Resource = {
  tag: 'tasks',
  about: 'Tasks, with or without a scrum.',
  scope: 'task',
  methods: [getTask],
};
