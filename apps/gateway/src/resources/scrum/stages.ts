import { z } from 'zod';
import { idSchema } from '../../http/shapes';
import { declare } from '../declaration';
import type { Resource } from '../resource';
import { fieldsOf, fieldsSchema } from '../field-descriptions';
import { idOrText, numberOrText } from '../answer-schemas';
import { expectTrue, parseAnswer } from '../parse-answer';
import { changesSchema, fieldsEntity, name, scrumEntity, sort, sprintId } from './shapes';

const example = { id: 58, sprintId: 7, name: 'In progress', type: 'WORK', sort: 200, color: '47D1E2' };
const type = z
  .enum(['NEW', 'WORK', 'FINISH'])
  .describe('`NEW` for the first stage, `FINISH` for the last, `WORK` between them.');
const colorText = 'The color, for example `47D1E2`.';
const stageIdSchema = idSchema.describe('The id of the stage.');
export const stageSchema = z
  .object({
    id: idOrText.describe('The id of the stage.'),
    sprintId: idOrText.describe('The id of the sprint.'),
    name: z.string().describe('The name.'),
    type,
    sort: numberOrText.describe('The sort order; lower comes first.'),
    color: z.string().describe(colorText),
  })
  .meta({ id: 'Stage', examples: [example] });
const stageList = z
  .object({ items: z.array(stageSchema).describe('The stages, in their order.') })
  .meta({ id: 'StageList' });
const stageId = z
  .object({ id: idOrText.describe('The id of the stage.') })
  .meta({ id: 'StageId', examples: [{ id: 58 }] });

const fields = {
  type: type.optional(),
  sort: sort.optional(),
  color: z.string().max(20).optional().describe(colorText),
};
const newStage = z.strictObject({ name, ...fields }).meta({ id: 'NewStage', examples: [{ name: 'In progress' }] });
const stageChanges = changesSchema(
  { sprintId: sprintId.optional(), name: name.optional(), ...fields },
  'StageChanges',
  {
    name: 'Doing',
  },
);
const place = z.strictObject({ stageId: stageIdSchema }).meta({ id: 'TaskPlace', examples: [{ stageId: 58 }] });

const listStages = declare({
  id: 'listStages',
  method: 'tasks.api.scrum.kanban.getStages',
  verb: 'get',
  path: 'sprints/:sprintId/stages',
  summary: "List the stages of a sprint's board",
  status: 200,
  answerDescription: 'All stages.',
  answer: stageList,
  faults: ['sprint_not_found'],
  params: ({ sprintId }) => ({ sprintId }),
  read: (value) => ({ items: parseAnswer(z.array(stageSchema), value) }),
});

const getStageFields = declare({
  id: 'getStageFields',
  method: 'tasks.api.scrum.kanban.getFields',
  verb: 'get',
  path: 'stages/fields',
  summary: 'Get the fields of a stage, as the portal describes them',
  status: 200,
  answerDescription: 'The fields by name.',
  answer: fieldsSchema.meta({ id: 'StageFields', examples: [{ name: { type: 'string' } }] }),
  faults: [],
  params: () => ({}),
  entity: fieldsEntity,
  read: fieldsOf,
});

const addStage = declare({
  id: 'addStage',
  method: 'tasks.api.scrum.kanban.addStage',
  verb: 'post',
  path: 'sprints/:sprintId/stages',
  summary: "Add a stage to a sprint's board",
  description: 'Bitrix24 returns only the id of the stage, and chooses the values of fields that you omit.',
  body: newStage,
  status: 201,
  answerDescription: 'The id of the stage.',
  answer: stageId,
  location: {
    description: "The path of the board's stages.",
    of: (_, { sprintId }) => `sprints/${sprintId}/stages`,
  },
  faults: ['sprint_not_found'],
  lost: {
    kind: 'unsettled',
    advice:
      'GET /v1/portals/{portal}/sprints/{sprintId}/stages shows those there are; add it again only if it is none.',
  },
  params: ({ sprintId, ...stage }) => ({ fields: { sprintId, ...stage } }),
  read: (value) => ({ id: parseAnswer(idOrText, value) }),
});

const updateStage = declare({
  id: 'updateStage',
  method: 'tasks.api.scrum.kanban.updateStage',
  verb: 'patch',
  path: 'stages/:stageId',
  summary: 'Change a stage',
  description: 'Fields that you omit keep their values.',
  body: stageChanges,
  status: 204,
  answerDescription: 'The stage is changed. Bitrix24 returns no single stage.',
  faults: ['stage_not_found', 'sprint_not_found'],
  lost: {
    kind: 'repeatable',
    advice: 'List the stages of its sprint; the same change may be sent again if nobody else changed it since.',
  },
  params: ({ stageId: id, ...stage }) => ({ stageId: id, fields: stage }),
  // A change of board or type concerns other stages.
  entity: ({ stageId: id, sprintId, type: becomes }) =>
    scrumEntity(sprintId === undefined && becomes === undefined ? { stage: id } : {}),
  read: expectTrue,
});

const deleteStage = declare({
  id: 'deleteStage',
  method: 'tasks.api.scrum.kanban.deleteStage',
  verb: 'delete',
  path: 'stages/:stageId',
  summary: 'Delete a stage that has no tasks',
  status: 204,
  answerDescription: 'The stage is deleted.',
  faults: ['stage_not_found', 'stage_not_empty'],
  lost: {
    kind: 'removal',
    hidesFailure: false,
    goneCode: 'stage_not_found',
    blockedCode: 'stage_not_empty',
    advice: 'Delete it again: 404 means that it is gone.',
  },
  params: ({ stageId: id }) => ({ stageId: id }),
  entity: () => scrumEntity(),
  read: expectTrue,
});

const placeTask = declare({
  id: 'placeTask',
  method: 'tasks.api.scrum.kanban.addTask',
  verb: 'put',
  path: 'sprints/:sprintId/tasks/:taskId',
  summary: "Put a task on a stage of a sprint's board",
  body: place,
  status: 204,
  answerDescription: 'The task is on the stage.',
  faults: ['sprint_not_found', 'stage_not_found', 'task_not_found'],
  lost: { kind: 'repeatable', advice: 'It may be put there again, if nobody else moved it since.' },
  params: ({ sprintId, taskId, stageId: stage }) => ({ sprintId, taskId, stageId: stage }),
  entity: ({ taskId }) => scrumEntity({ task: taskId }),
  read: expectTrue,
});

const unplaceTask = declare({
  id: 'unplaceTask',
  method: 'tasks.api.scrum.kanban.deleteTask',
  verb: 'delete',
  path: 'sprints/:sprintId/tasks/:taskId',
  summary: "Take a task off a sprint's board",
  status: 204,
  answerDescription: 'The task is on no stage of the sprint.',
  faults: ['sprint_not_found', 'task_not_found'],
  lost: { kind: 'repeatable', advice: 'It may be taken off again, if nobody else put it there since.' },
  params: ({ sprintId, taskId }) => ({ sprintId, taskId }),
  entity: ({ taskId }) => scrumEntity({ task: taskId }),
  read: expectTrue,
});

export const resource: Resource = {
  tag: 'stages',
  about: 'Boards of sprints: their stages, and the tasks on them.',
  scope: 'scrum',
  methods: [listStages, getStageFields, addStage, updateStage, deleteStage, placeTask, unplaceTask],
};
