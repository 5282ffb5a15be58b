import { z } from 'zod';
import { idSchema } from '../../http/shapes';
import { declare } from '../declaration';
import type { Resource } from '../resource';
import { fieldsOf, fieldsSchema } from '../field-descriptions';
import { expectTrue, parseAnswer } from '../parse-answer';
import { answeredAuthorFields, answeredSort, authorFields, changesSchema, fieldsEntity, sort } from './shapes';

/** Bitrix24 keeps a text, and ignores a number without a word. */
const storyPoints = z.string().max(255).meta({ description: 'The story points, as text: `8`, `0.5`, `XL`.' });

export const scrumTaskSchema = z
  .object({
    entityId: idSchema.meta({ description: 'The id of the backlog or sprint of the task.' }),
    storyPoints,
    epicId: z.int().min(0).meta({ description: 'The id of the epic; 0 when there is none.' }),
    sort: answeredSort,
    ...answeredAuthorFields,
  })
  .meta({
    id: 'ScrumTask',
    examples: [{ entityId: 7, storyPoints: '8', epicId: 3, sort: 1, createdBy: 6, modifiedBy: 6 }],
  });

const taskChanges = changesSchema(
  {
    entityId: idSchema.optional().meta({ description: 'The id of the backlog or sprint to move the task to.' }),
    storyPoints: storyPoints.optional(),
    epicId: idSchema.optional().describe('The id of the epic.'),
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
  summary: "Get a task's scrum fields",
  status: 200,
  answerDescription: 'The scrum fields of the task.',
  answer: scrumTaskSchema,
  faults: ['task_not_found'],
  params: ({ taskId }) => ({ id: taskId }),
  read: (value) => parseAnswer(scrumTaskSchema, value),
});

const getTaskFields = declare({
  id: 'getTaskScrumFields',
  method: 'tasks.api.scrum.task.getFields',
  verb: 'get',
  path: 'tasks/scrum/fields',
  summary: 'Get the scrum fields of a task, as the portal describes them',
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
  summary: "Change a task's scrum fields: backlog or sprint, story points, epic",
  description:
    'Fields that you omit keep their values. A task without scrum fields gets them, and then needs `entityId`.',
  body: taskChanges,
  status: 204,
  answerDescription: 'The task is changed.',
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
