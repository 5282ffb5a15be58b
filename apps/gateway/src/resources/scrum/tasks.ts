import { z } from 'zod';
import { idSchema } from '../../http/shapes';
import { declare } from '../declaration';
import type { Resource } from '../resource';
import { fieldsOf, fieldsSchema } from '../field-descriptions';
import { expectTrue, parseAnswer } from '../parse-answer';
import { changesSchema, authorFields, fieldsEntity, userIdOrZero, sort } from './shapes';

/** Bitrix24 keeps a text, and ignores a number without a word. */
const storyPoints = z.string().max(255).meta({ description: 'A text, as Bitrix24 has it: `8`, `0.5`, `XL`.' });

const taskSchema = z
  .object({
    entityId: idSchema.meta({ description: 'The backlog or the sprint in which the task is.' }),
    storyPoints,
    epicId: z.int().min(0).meta({ description: '0 when it is of none.' }),
    sort: z.int(),
    createdBy: userIdOrZero,
    modifiedBy: userIdOrZero,
  })
  .meta({
    id: 'ScrumTask',
    examples: [{ entityId: 7, storyPoints: '8', epicId: 3, sort: 1, createdBy: 6, modifiedBy: 6 }],
  });

const taskChanges = changesSchema(
  {
    entityId: idSchema.optional().meta({ description: 'The backlog or the sprint to which the task goes.' }),
    storyPoints: storyPoints.optional(),
    epicId: idSchema.optional(),
    sort: sort.optional(),
    ...authorFields,
  },
  'ScrumTaskChanges',
  { storyPoints: '8' },
);

const getTask = declare({
  id: 'getTaskScrum',
  method: 'tasks.api.scrum.task.get',
  verb: 'get',
  path: 'tasks/:taskId/scrum',
  summary: "A task's place in the scrum",
  status: 200,
  answerDescription: 'Where it is, and its story points.',
  answer: taskSchema,
  faults: ['task_not_found'],
  params: ({ taskId }) => ({ id: taskId }),
  read: (value) => parseAnswer(taskSchema, value),
});

const getTaskFields = declare({
  id: 'getTaskScrumFields',
  method: 'tasks.api.scrum.task.getFields',
  verb: 'get',
  path: 'tasks/scrum/fields',
  summary: "The scrum's fields of a task, as the portal describes them",
  status: 200,
  answerDescription: 'The fields by name.',
  answer: fieldsSchema.meta({ id: 'ScrumTaskFields', examples: [{ storyPoints: { type: 'string' } }] }),
  faults: [],
  params: () => ({}),
  entity: fieldsEntity,
  read: fieldsOf,
});

const updateTask = declare({
  id: 'updateTaskScrum',
  method: 'tasks.api.scrum.task.update',
  verb: 'patch',
  path: 'tasks/:taskId/scrum',
  summary: "Change a task's place in the scrum, its story points or its epic",
  description: 'What is not named stays. A task that is not in the scrum yet is put there, and needs `entityId`.',
  body: taskChanges,
  status: 204,
  answerDescription: 'It is changed.',
  faults: ['task_not_found', 'entity_not_found', 'epic_not_found', 'user_not_found'],
  lost: {
    kind: 'repeatable',
    advice: 'Read it; the same change may be sent again if nobody else changed it since.',
  },
  params: ({ taskId, ...fields }) => ({ id: taskId, fields }),
  read: expectTrue,
});

export const resource: Resource = {
  tag: 'scrum-tasks',
  about: 'Scrum fields of tasks: backlog or sprint, epic, story points.',
  scope: 'scrum',
  methods: [getTask, getTaskFields, updateTask],
};
