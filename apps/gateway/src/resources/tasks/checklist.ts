import { randomUUID } from 'node:crypto';
import { Fault } from '@b24/portal';
import { z } from 'zod';
import { idSchema } from '../../http/shapes';
import { idOrNull, idOrText, numberOrText, yesOrNo } from '../answer-schemas';
import { declare } from '../declaration';
import { expectTrue, parseAnswer } from '../parse-answer';
import type { Resource } from '../resource';

/*
 * Parameters of these methods count by their position (https://apidocs.bitrix24.com/api-reference/tasks/checklist-item):
 * the task comes first. `complete` and `delete` do not check that the item belongs to the task.
 */

const itemSchema = z
  .object({
    id: idSchema.describe('The id of the item.'),
    taskId: idSchema.describe('The id of the task.'),
    parentId: idSchema.nullable().describe('The id of the checklist or the item that it is in; null for a checklist.'),
    title: z.string().describe('The text; of a checklist its name.'),
    sort: z.int().describe('The position: lower numbers come first.'),
    complete: z.boolean().describe('Whether it is done.'),
    important: z.boolean().describe('Whether it is marked as important.'),
  })
  .meta({
    id: 'ChecklistItem',
    examples: [
      {
        ...{ id: 447, taskId: 8017, parentId: 431, title: 'Agree on details', sort: 1, complete: false },
        important: false,
      },
    ],
  });
const itemList = z
  .object({ items: z.array(itemSchema).describe('All checklists of the task and their items, by id.') })
  .meta({ id: 'Checklist' });
const itemId = z
  .object({ id: idSchema.describe('The id of the item.') })
  .meta({ id: 'ChecklistItemId', examples: [{ id: 447 }] });
const itemThere = z
  .object({
    ...{ ID: idOrText, TASK_ID: idOrText, PARENT_ID: idOrNull, TITLE: z.string(), SORT_INDEX: numberOrText },
    ...{ IS_COMPLETE: yesOrNo, IS_IMPORTANT: yesOrNo },
  })
  .transform((it) => ({
    ...{ id: it.ID, taskId: it.TASK_ID, parentId: it.PARENT_ID, title: it.TITLE, sort: it.SORT_INDEX },
    ...{ complete: it.IS_COMPLETE, important: it.IS_IMPORTANT },
  }));

const newItem = z
  .strictObject({
    title: z.string().min(1).describe('The text.'),
    parentId: idSchema
      .optional()
      .describe('The id of the checklist or the item that it goes into: the first checklist unless set.'),
    sort: z.int().min(0).max(2_147_483_647).optional().describe('The position: lower numbers come first.'),
    important: z.boolean().optional().describe('Whether it is marked as important.'),
  })
  .meta({ id: 'NewChecklistItem', examples: [{ title: 'Agree on details' }] });

const listItems = declare({
  id: 'listChecklist',
  method: 'task.checklistitem.getlist',
  verb: 'get',
  path: 'tasks/:taskId/checklist',
  summary: 'List the checklists of a task and their items',
  description: 'For a task that does not exist, Bitrix24 denies access.',
  status: 200,
  answerDescription: 'All items.',
  answer: itemList,
  faults: [],
  params: ({ taskId }) => ({ TASKID: taskId }),
  read: (value) => ({ items: parseAnswer(z.array(itemThere), value).sort((left, right) => left.id - right.id) }),
});

const addItem = declare({
  id: 'addChecklistItem',
  method: 'task.checklistitem.add',
  verb: 'post',
  path: 'tasks/:taskId/checklist',
  summary: 'Add an item to a checklist of a task',
  description: 'A task without a checklist gets one. Bitrix24 returns only the id of the item.',
  body: newItem,
  status: 201,
  answerDescription: 'The id of the item.',
  answer: itemId,
  location: { description: "The path of the task's checklist.", of: (_, { taskId }) => `tasks/${taskId}/checklist` },
  faults: [],
  lost: {
    kind: 'unsettled',
    advice:
      'GET /v1/portals/{portal}/tasks/{taskId}/checklist shows the items there are; add it again only if it is none.',
  },
  params: ({ taskId, title, parentId, sort, important }) => ({
    TASKID: taskId,
    FIELDS: {
      TITLE: title,
      ...(parentId !== undefined && { PARENT_ID: parentId }),
      ...(sort !== undefined && { SORT_INDEX: sort }),
      ...(important !== undefined && { IS_IMPORTANT: important ? 'Y' : 'N' }),
    },
  }),
  entity: ({ taskId }) => ({ family: 'task', ids: { task: taskId, item: `new ${randomUUID()}` } }),
  read: (value) => ({ id: parseAnswer(idOrText, value) }),
});

const completeItem = declare({
  id: 'completeChecklistItem',
  method: 'task.checklistitem.complete',
  verb: 'post',
  path: 'tasks/:taskId/checklist/:itemId/complete',
  summary: 'Mark an item of a checklist as done',
  status: 204,
  answerDescription: 'The item is done.',
  faults: ['checklist_item_not_found'],
  lost: { kind: 'repeatable', advice: 'It may be completed again: that changes nothing more.' },
  params: ({ taskId, itemId: item }) => ({ TASKID: taskId, ITEMID: item }),
  // `false` stands for an item that does not exist.
  read: (value, input, method) => {
    if (value === false) throw new Fault('checklist_item_not_found');
    expectTrue(value, input, method);
  },
});

const deleteItem = declare({
  id: 'deleteChecklistItem',
  method: 'task.checklistitem.delete',
  verb: 'delete',
  path: 'tasks/:taskId/checklist/:itemId',
  summary: 'Delete an item of a checklist',
  status: 204,
  answerDescription: 'The item is deleted, and those inside it.',
  faults: ['checklist_item_not_found'],
  lost: {
    kind: 'removal',
    hidesFailure: false,
    goneCode: 'checklist_item_not_found',
    advice: 'Delete it again: 404 means that it is gone.',
  },
  params: ({ taskId, itemId: item }) => ({ TASKID: taskId, ITEMID: item }),
  // Those inside it go, too.
  entity: ({ taskId }) => ({ family: 'task', ids: { task: taskId } }),
  read: expectTrue,
});

export const resource: Resource = {
  tag: 'checklists',
  about: 'Checklists of tasks.',
  scope: 'task',
  methods: [listItems, addItem, completeItem, deleteItem],
};
