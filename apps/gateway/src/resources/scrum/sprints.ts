import { z } from 'zod';
import { pageSchema } from '../../http/list-page';
import { idSchema, momentSchema } from '../../http/shapes';
import { declaredCommand, declare } from '../declaration';
import type { Resource } from '../resource';
import { fieldsOf, fieldsSchema } from '../field-descriptions';
import { listParams, pageQuery, parsePage } from '../paging';
import { parseAnswer } from '../parse-answer';
import {
  answeredAuthorFields,
  answeredSort,
  authorFields,
  changesSchema,
  fieldsEntity,
  groupId,
  name,
  scrumEntity,
  sort,
} from './shapes';

const example = {
  id: 7,
  groupId: 125,
  name: 'Sprint 1',
  goal: '',
  sort: 1,
  createdBy: 6,
  modifiedBy: 0,
  dateStart: '2026-11-02T08:00:00+00:00',
  dateEnd: '2026-11-16T08:00:00+00:00',
  status: 'planned',
};
const status = z
  .enum(['planned', 'active', 'completed'])
  .describe('The status; at most one sprint of a group is `active`.');
const startText = 'When the sprint starts, with an offset from UTC.';
const endText = 'When the sprint ends, with an offset from UTC.';
const time = z.iso.datetime({ offset: true }).nullable();
export const sprintSchema = z
  .object({
    id: idSchema.describe('The id of the sprint.'),
    groupId,
    name: z.string().describe('The name.'),
    goal: z
      .string()
      .meta({ description: 'The goal. Only Bitrix24 itself can set it, when a user starts the sprint there.' }),
    sort: answeredSort,
    ...answeredAuthorFields,
    dateStart: time.describe(startText),
    dateEnd: time.describe(endText),
    status,
  })
  .meta({ id: 'Sprint', examples: [example] });
export type SprintView = z.infer<typeof sprintSchema>;
const sprintPage = pageSchema(sprintSchema, 'The sprints of the page, ordered by id.').meta({ id: 'SprintPage' });

const fields = { sort: sort.optional(), ...authorFields };
const newSprint = z
  .strictObject({
    name,
    dateStart: momentSchema.describe(startText),
    dateEnd: momentSchema.describe(endText),
    status: status.default('planned'),
    ...fields,
  })
  .meta({
    id: 'NewSprint',
    examples: [{ name: 'Sprint 1', dateStart: '2026-11-02T09:00:00+01:00', dateEnd: '2026-11-16T09:00:00+01:00' }],
  });
const sprintChanges = changesSchema(
  {
    groupId: groupId.optional(),
    name: name.optional(),
    dateStart: momentSchema.optional().describe(startText),
    dateEnd: momentSchema.optional().describe(endText),
    status: status.optional(),
    ...fields,
  },
  'SprintChanges',
  { name: 'Sprint 1a' },
);

const toSprint = (value: unknown): SprintView => parseAnswer(sprintSchema, value);

/** Writes times in UTC, as the vendor does. */
function sent<F extends { dateStart?: string | undefined; dateEnd?: string | undefined }>(sprint: F): object {
  const { dateStart, dateEnd, ...rest } = sprint;
  return {
    ...rest,
    ...(dateStart !== undefined && { dateStart: universal(dateStart) }),
    ...(dateEnd !== undefined && { dateEnd: universal(dateEnd) }),
  };
}

function universal(moment: string): string {
  return `${new Date(moment).toISOString().slice(0, 19)}+00:00`;
}

const listSprints = declare({
  id: 'listSprints',
  method: 'tasks.api.scrum.sprint.list',
  verb: 'get',
  path: 'groups/:groupId/sprints',
  summary: "List a group's sprints, by id",
  description:
    'The sprints that the user who granted access may see. For a group that does not exist, the page is empty.',
  query: {
    status: { text: status, json: status, description: 'Sprints with this status only.' },
    name: { text: z.string().min(1).max(255), json: z.string().min(1).max(255), description: 'A part of the name.' },
    ...pageQuery,
  },
  status: 200,
  answerDescription: 'A page of sprints; the last one may be empty.',
  answer: sprintPage,
  faults: ['list_not_walkable'],
  params: ({ groupId, status: of, name: part, ...page }) =>
    listParams({ GROUP_ID: groupId, STATUS: of, '%NAME': part }, page),
  read: (value, page) => parsePage(sprintSchema, value, page),
});

const getSprint = declare({
  id: 'getSprint',
  method: 'tasks.api.scrum.sprint.get',
  verb: 'get',
  path: 'sprints/:sprintId',
  summary: 'Get a sprint',
  status: 200,
  answerDescription: 'The sprint.',
  answer: sprintSchema,
  faults: ['sprint_not_found'],
  params: ({ sprintId }) => ({ id: sprintId }),
  read: toSprint,
});

const getSprintFields = declare({
  id: 'getSprintFields',
  method: 'tasks.api.scrum.sprint.getFields',
  verb: 'get',
  path: 'sprints/fields',
  summary: 'Get the fields of a sprint, as the portal describes them',
  status: 200,
  answerDescription: 'The fields by name.',
  answer: fieldsSchema.meta({ id: 'SprintFields', examples: [{ name: { type: 'string' } }] }),
  faults: [],
  params: () => ({}),
  entity: fieldsEntity,
  read: fieldsOf,
});

const addSprint = declare({
  id: 'addSprint',
  method: 'tasks.api.scrum.sprint.add',
  verb: 'post',
  path: 'groups/:groupId/sprints',
  summary: 'Add a sprint to a group',
  body: newSprint,
  status: 201,
  answerDescription: 'The new sprint.',
  answer: sprintSchema,
  location: { description: 'The path of the sprint.', of: ({ id }) => `sprints/${id}` },
  faults: ['group_not_found', 'user_not_found', 'sprint_already_active'],
  lost: {
    kind: 'unsettled',
    advice:
      'Look for it with GET /v1/portals/{portal}/groups/{groupId}/sprints?name=…; add it again only if it is not there.',
  },
  params: ({ groupId, ...sprint }) => ({ fields: { groupId, ...sent(sprint) } }),
  read: toSprint,
});

const updateSprint = declare({
  id: 'updateSprint',
  method: 'tasks.api.scrum.sprint.update',
  verb: 'patch',
  path: 'sprints/:sprintId',
  summary: 'Change a sprint',
  description: 'Fields that you omit keep their values, except `modifiedBy`, which Bitrix24 then sets to 0.',
  body: sprintChanges,
  status: 200,
  answerDescription: 'The sprint after the change.',
  answer: sprintSchema,
  faults: ['sprint_not_found', 'sprint_not_empty', 'sprint_already_active', 'group_not_found', 'user_not_found'],
  lost: {
    kind: 'repeatable',
    advice: 'Read the sprint; the same change may be sent again if nobody else changed it since.',
  },
  params: ({ sprintId, ...sprint }) => ({ id: sprintId, fields: sent(sprint) }),
  // A move or an activation concerns other sprints of the group.
  entity: ({ sprintId, groupId, status: becomes }) =>
    scrumEntity(groupId === undefined && becomes === undefined ? { sprint: sprintId } : {}),
  read: toSprint,
});

const deleteSprint = declare({
  id: 'deleteSprint',
  method: 'tasks.api.scrum.sprint.delete',
  verb: 'delete',
  path: 'sprints/:sprintId',
  summary: 'Delete a sprint',
  description: "Bitrix24 first moves its tasks to the group's backlog.",
  status: 204,
  answerDescription: 'The sprint is deleted.',
  faults: ['sprint_not_found', 'sprint_not_empty'],
  lost: {
    kind: 'removal',
    hidesFailure: true,
    goneCode: 'sprint_not_found',
    blockedCode: 'sprint_not_empty',
    advice: 'Delete it again: 404 means that it is gone.',
  },
  params: ({ sprintId }) => ({ id: sprintId }),
  entity: () => scrumEntity(),
  read: () => undefined,
});

const startSprint = declare({
  id: 'startSprint',
  method: 'tasks.api.scrum.sprint.start',
  verb: 'post',
  path: 'sprints/:sprintId/start',
  summary: 'Start a planned sprint',
  status: 200,
  answerDescription: 'The sprint, now `active`.',
  answer: sprintSchema,
  faults: ['sprint_not_found', 'sprint_not_planned', 'sprint_already_active'],
  lost: {
    kind: 'state',
    advice: 'Read the sprint: `active` means that it was started.',
    at: ({ sprintId }) => ({
      lookUp: declaredCommand(getSprint, { sprintId }),
      isAsSent: ({ status: is }) => is === 'active',
      isBefore: ({ status: is }) => is === 'planned',
      conflictCode: 'sprint_not_planned',
    }),
  },
  params: ({ sprintId }) => ({ id: sprintId }),
  entity: () => scrumEntity(),
  read: toSprint,
});

const completeSprint = declare({
  id: 'completeSprint',
  method: 'tasks.api.scrum.sprint.complete',
  verb: 'post',
  path: 'groups/:groupId/sprints/complete',
  summary: "Complete a group's active sprint",
  description:
    'Bitrix24 completes the active sprint of the group; it takes no sprint id. Unfinished tasks move to the backlog.',
  status: 200,
  answerDescription: 'The sprint, now `completed`.',
  answer: sprintSchema,
  faults: ['sprint_not_found', 'group_not_found'],
  lost: {
    kind: 'unsettled',
    advice:
      'GET /v1/portals/{portal}/groups/{groupId}/sprints?status=active shows the one that is active now; complete only if it is still the one that you meant.',
  },
  params: ({ groupId }) => ({ id: groupId }),
  read: toSprint,
});

export const resource: Resource = {
  tag: 'sprints',
  about: 'Sprints of a scrum group.',
  scope: 'scrum',
  methods: [
    listSprints,
    getSprint,
    getSprintFields,
    addSprint,
    updateSprint,
    deleteSprint,
    startSprint,
    completeSprint,
  ],
};
