import { z } from 'zod';
import { idSchema } from '../../http/shapes';
import { declaredCommand, declare } from '../declaration';
import type { Resource } from '../resource';
import { fieldsOf, fieldsSchema } from '../field-descriptions';
import { parseAnswer } from '../parse-answer';
import { answeredAuthorFields, authorFields, changesSchema, fieldsEntity, groupId, scrumEntity } from './shapes';

/*
 * The vendor's backlog methods (docs/bitrix24-rules.md#scrum) and their operations. Numbers are integers both ways;
 * `modifiedBy` is 0 when nobody was named.
 */

export const backlogExample = { id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 };

export const backlogSchema = z
  .object({ id: idSchema.describe('The id of the backlog.'), groupId, ...answeredAuthorFields })
  .meta({ id: 'Backlog', examples: [backlogExample] });
export type Backlog = z.infer<typeof backlogSchema>;

const newBacklogSchema = z
  .strictObject({ ...authorFields, groupId, createdBy: authorFields.createdBy.unwrap() })
  .meta({ id: 'NewBacklog', examples: [{ groupId: 125, createdBy: 6 }] });

const backlogChangesSchema = changesSchema({ groupId: groupId.optional(), ...authorFields }, 'BacklogChanges', {
  modifiedBy: 1,
});

const backlogFieldsSchema = fieldsSchema.meta({
  id: 'BacklogFields',
  examples: [{ groupId: { type: 'integer' }, createdBy: { type: 'integer' }, modifiedBy: { type: 'integer' } }],
});

const toBacklog = (value: unknown): Backlog => parseAnswer(backlogSchema, value);

const getBacklog = declare({
  id: 'getBacklog',
  method: 'tasks.api.scrum.backlog.get',
  verb: 'get',
  path: 'groups/:groupId/backlog',
  summary: "Get a group's backlog",
  status: 200,
  answerDescription: 'The backlog.',
  answer: backlogSchema,
  faults: ['backlog_not_found', 'group_not_found'],
  // The vendor's `id` is the id of the group.
  params: ({ groupId }) => ({ id: groupId }),
  read: toBacklog,
});

const getBacklogFields = declare({
  id: 'getBacklogFields',
  method: 'tasks.api.scrum.backlog.getFields',
  verb: 'get',
  path: 'backlogs/fields',
  summary: 'Get the fields of a backlog, as the portal describes them',
  status: 200,
  answerDescription: 'The fields by name.',
  answer: backlogFieldsSchema,
  faults: [],
  params: () => ({}),
  entity: fieldsEntity,
  read: fieldsOf,
});

const addBacklog = declare({
  id: 'addBacklog',
  method: 'tasks.api.scrum.backlog.add',
  verb: 'post',
  path: 'backlogs',
  summary: 'Add a backlog to a group',
  description: 'A group has one backlog. Bitrix24 adds it itself when a user first opens the planning page.',
  body: newBacklogSchema,
  status: 201,
  answerDescription: 'The new backlog.',
  answer: backlogSchema,
  location: { description: 'The path of the backlog.', of: ({ groupId }) => `groups/${groupId}/backlog` },
  faults: ['backlog_already_exists', 'group_not_found', 'user_not_found'],
  lost: {
    kind: 'unique',
    advice: "Read the group's backlog before you add it again.",
    at: (fields) => ({
      lookUp: declaredCommand(getBacklog, { groupId: fields.groupId }),
      isAsSent: (found) => Object.entries(fields).every(([name, value]) => found[name as keyof Backlog] === value),
      absentCode: 'backlog_not_found',
      conflictCode: 'backlog_already_exists',
    }),
  },
  params: (fields) => ({ fields }),
  entity: ({ groupId }) => scrumEntity({ group: groupId }),
  read: toBacklog,
});

const updateBacklog = declare({
  id: 'updateBacklog',
  method: 'tasks.api.scrum.backlog.update',
  verb: 'patch',
  path: 'backlogs/:backlogId',
  summary: 'Change a backlog',
  description: 'Fields that you omit keep their values, except `modifiedBy`, which Bitrix24 then sets to 0.',
  body: backlogChangesSchema,
  status: 200,
  answerDescription: 'The backlog after the change.',
  answer: backlogSchema,
  faults: ['backlog_not_found', 'backlog_not_empty', 'backlog_already_exists', 'group_not_found', 'user_not_found'],
  lost: {
    kind: 'repeatable',
    advice: 'Read the backlog of its group; the same change may be sent again if nobody else changed it since.',
  },
  params: ({ backlogId, ...fields }) => ({ id: backlogId, fields }),
  // A move concerns the backlog of the other group too, whose id is unknown.
  entity: ({ backlogId, groupId }) => scrumEntity(groupId === undefined ? { backlog: backlogId } : {}),
  read: toBacklog,
});

const deleteBacklog = declare({
  id: 'deleteBacklog',
  method: 'tasks.api.scrum.backlog.delete',
  verb: 'delete',
  path: 'backlogs/:backlogId',
  summary: 'Delete an empty backlog',
  status: 204,
  answerDescription: 'The backlog is deleted.',
  faults: ['backlog_not_found', 'backlog_not_empty'],
  lost: {
    kind: 'removal',
    hidesFailure: true,
    goneCode: 'backlog_not_found',
    blockedCode: 'backlog_not_empty',
    advice: 'Delete it again: 404 means that it is gone.',
  },
  params: ({ backlogId }) => ({ id: backlogId }),
  read: () => undefined,
});

export const resource: Resource = {
  tag: 'backlogs',
  about: 'Scrum backlogs of groups.',
  scope: 'backlog',
  methods: [getBacklog, getBacklogFields, addBacklog, updateBacklog, deleteBacklog],
};
