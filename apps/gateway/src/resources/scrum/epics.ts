import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { pageSchema } from '../../http/list-page';
import { idSchema } from '../../http/shapes';
import { declare } from '../declaration';
import type { Resource } from '../resource';
import { fieldsOf, fieldsSchema } from '../field-descriptions';
import { listParams, pageQuery, parsePage } from '../paging';
import { parseAnswer } from '../parse-answer';
import { answeredAuthorFields, authorFields, changesSchema, fieldsEntity, groupId, name, scrumEntity } from './shapes';

const example = {
  id: 3,
  groupId: 125,
  name: 'Sign-up',
  description: 'Form, confirmation, recovery',
  color: '#69dafc',
  createdBy: 6,
  modifiedBy: 0,
};
const descriptionText = 'The description, of any length.';
const colorText = 'The color, for example `#69dafc`.';
const shape = {
  id: idSchema.describe('The id of the epic.'),
  groupId,
  name: z.string().describe('The name.'),
  description: z.string().describe(descriptionText),
  color: z.string().describe(colorText),
  ...answeredAuthorFields,
};
const files = z
  .array(idSchema)
  .meta({ description: 'The ids of attached files; present where a single epic is read.' });
export const epicSchema = z.object({ ...shape, files: files.optional() }).meta({ id: 'Epic', examples: [example] });
export type EpicView = z.infer<typeof epicSchema>;
const epicPage = pageSchema(epicSchema, 'The epics of the page, ordered by id.').meta({ id: 'EpicPage' });

const fields = {
  description: z.string().optional().describe(descriptionText),
  color: z.string().max(20).optional().describe(colorText),
  files: z
    .array(idSchema)
    .max(100)
    .optional()
    .meta({ description: 'The ids of files on Bitrix24 Drive to attach; a change replaces all attachments.' }),
  ...authorFields,
};
const newEpic = z.strictObject({ name, ...fields }).meta({ id: 'NewEpic', examples: [{ name: 'Sign-up' }] });
const epicChanges = changesSchema({ groupId: groupId.optional(), name: name.optional(), ...fields }, 'EpicChanges', {
  name: 'Sign-up and sign-in',
});

/** Files are a list, or a custom field whose VALUE is a list. */
const filesThere = z.union([
  z.array(idSchema),
  z.object({ VALUE: z.array(idSchema).catch([]) }).transform(({ VALUE }) => VALUE),
]);
const epicThere = z.object({ ...shape, files: filesThere.optional() });

const toEpic = (value: unknown): EpicView => {
  const { files: attached, ...epic } = parseAnswer(epicThere, value);
  return { ...epic, ...(attached && { files: attached }) };
};

/** Writes file ids as the vendor does, for example `n428`. */
function sent<F extends { files?: readonly number[] | undefined }>({ files: attached, ...rest }: F): object {
  return { ...rest, ...(attached && { files: attached.map((id) => `n${id}`) }) };
}

const listEpics = declare({
  id: 'listEpics',
  method: 'tasks.api.scrum.epic.list',
  verb: 'get',
  path: 'groups/:groupId/epics',
  summary: "List a group's epics, by id",
  description:
    'The epics that the user who granted access may see. For a group that does not exist, the page is empty.',
  query: {
    name: { text: z.string().min(1).max(255), json: z.string().min(1).max(255), description: 'A part of the name.' },
    ...pageQuery,
  },
  status: 200,
  answerDescription: 'A page of epics; the last one may be empty.',
  answer: epicPage,
  faults: ['list_not_walkable'],
  params: ({ groupId, name: part, ...page }) => listParams({ GROUP_ID: groupId, '%NAME': part }, page),
  read: (value, page) => parsePage(epicSchema, value, page),
});

const getEpic = declare({
  id: 'getEpic',
  method: 'tasks.api.scrum.epic.get',
  verb: 'get',
  path: 'epics/:epicId',
  summary: 'Get an epic',
  status: 200,
  answerDescription: 'The epic.',
  answer: epicSchema,
  faults: ['epic_not_found'],
  params: ({ epicId }) => ({ id: epicId }),
  read: toEpic,
});

const getEpicFields = declare({
  id: 'getEpicFields',
  method: 'tasks.api.scrum.epic.getFields',
  verb: 'get',
  path: 'epics/fields',
  summary: 'Get the fields of an epic, as the portal describes them',
  status: 200,
  answerDescription: 'The fields by name.',
  answer: fieldsSchema.meta({ id: 'EpicFields', examples: [{ name: { type: 'string' } }] }),
  faults: [],
  params: () => ({}),
  entity: fieldsEntity,
  read: fieldsOf,
});

const addEpic = declare({
  id: 'addEpic',
  method: 'tasks.api.scrum.epic.add',
  verb: 'post',
  path: 'groups/:groupId/epics',
  summary: 'Add an epic to a group',
  description: 'The creator is the user who granted access, unless you set `createdBy`.',
  body: newEpic,
  status: 201,
  answerDescription: 'The new epic.',
  answer: epicSchema,
  location: { description: 'The path of the epic.', of: ({ id }) => `epics/${id}` },
  faults: ['group_not_found', 'user_not_found', 'files_not_attached'],
  lost: {
    kind: 'unsettled',
    advice:
      'Look for it with GET /v1/portals/{portal}/groups/{groupId}/epics?name=…; add it again only if it is not there.',
  },
  params: ({ groupId, ...epic }) => ({ fields: { groupId, ...sent(epic) } }),
  // A new epic is different from every existing and every other new one.
  entity: () => scrumEntity({ epic: `new ${randomUUID()}` }),
  read: toEpic,
});

const updateEpic = declare({
  id: 'updateEpic',
  method: 'tasks.api.scrum.epic.update',
  verb: 'patch',
  path: 'epics/:epicId',
  summary: 'Change an epic',
  description: 'Fields that you omit keep their values.',
  body: epicChanges,
  status: 200,
  answerDescription: 'The epic after the change.',
  answer: epicSchema,
  faults: ['epic_not_found', 'group_not_found', 'user_not_found', 'files_not_attached'],
  lost: {
    kind: 'repeatable',
    advice: 'Read the epic; the same change may be sent again if nobody else changed it since.',
  },
  params: ({ epicId, ...epic }) => ({ id: epicId, fields: sent(epic) }),
  entity: ({ epicId, groupId }) => scrumEntity(groupId === undefined ? { epic: epicId } : {}),
  read: toEpic,
});

const deleteEpic = declare({
  id: 'deleteEpic',
  method: 'tasks.api.scrum.epic.delete',
  verb: 'delete',
  path: 'epics/:epicId',
  summary: 'Delete an epic',
  status: 204,
  answerDescription: 'The epic is deleted.',
  faults: ['epic_not_found'],
  lost: {
    kind: 'removal',
    hidesFailure: true,
    goneCode: 'epic_not_found',
    advice: 'Delete it again: 404 means that it is gone.',
  },
  params: ({ epicId }) => ({ id: epicId }),
  read: () => undefined,
});

export const resource: Resource = {
  tag: 'epics',
  about: 'Epics of a scrum group.',
  scope: 'scrum',
  methods: [listEpics, getEpic, getEpicFields, addEpic, updateEpic, deleteEpic],
};
