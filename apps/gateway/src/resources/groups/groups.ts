import { randomUUID } from 'node:crypto';
import { type Entity } from '@b24/portal';
import { z } from 'zod';
import { pageSchema } from '../../http/list-page';
import { flagText, idSchema } from '../../http/shapes';
import { idOrText, idOrZeroOrText, numberOrText, yesOrNo } from '../answer-schemas';
import { declare } from '../declaration';
import { listParams, pageQuery, parsePage } from '../paging';
import { parseAnswer } from '../parse-answer';
import type { Resource } from '../resource';

const typeText = '`group`, `project`, `scrum` or `collab`.';
export const groupSchema = z
  .object({
    id: idSchema.describe('The id of the group: the `groupId` of other operations.'),
    name: z.string().describe('The name.'),
    description: z.string().describe('The description.'),
    type: z.string().describe(typeText),
    ownerId: idSchema.describe('The id of the user who owns it.'),
    scrumMasterId: z.int().min(0).describe('The id of the scrum master; 0 when it is no scrum.'),
    memberCount: z.int().min(0).describe('The number of members.'),
    visible: z.boolean().describe('Whether the list of groups shows it to all.'),
    open: z.boolean().describe('Whether users may join without being confirmed.'),
    closed: z.boolean().describe('Whether it is archived.'),
  })
  .meta({
    id: 'Group',
    examples: [
      {
        ...{ id: 125, name: 'Checkout', description: '', type: 'scrum', ownerId: 1, scrumMasterId: 6, memberCount: 5 },
        ...{ visible: true, open: false, closed: false },
      },
    ],
  });
export type GroupView = z.infer<typeof groupSchema>;
const groupPage = pageSchema(groupSchema, 'The groups of the page, ordered by id.').meta({ id: 'GroupPage' });
const groupId = z
  .object({ id: idSchema.describe('The id of the group.') })
  .meta({ id: 'GroupId', examples: [{ id: 125 }] });

const newGroup = z
  .strictObject({
    name: z.string().min(1).max(255).describe('The name.'),
    description: z.string().optional().describe('The description, of any length.'),
    scrumMasterId: idSchema
      .optional()
      .describe('The id of the user who is the scrum master. A group with one is a scrum, without one it is not.'),
    project: z.boolean().optional().describe('Whether it is a project. A scrum always is.'),
    ownerId: idSchema
      .optional()
      .describe('The id of the owner: the user who granted access unless set, which only an administrator may.'),
    visible: z.boolean().optional().describe('Whether the list of groups shows it to all; true unless set.'),
    open: z.boolean().optional().describe('Whether users may join without being confirmed; false unless set.'),
  })
  .meta({ id: 'NewGroup', examples: [{ name: 'Checkout', scrumMasterId: 6 }] });

/** https://apidocs.bitrix24.com/api-reference/sonet-group/socialnetwork-api-workgroup-get.html: upper case. */
export const groupThere = z
  .object({
    ...{ ID: idOrText, NAME: z.string(), DESCRIPTION: z.string().nullish(), TYPE: z.string(), OWNER_ID: idOrText },
    ...{ SCRUM_MASTER_ID: idOrZeroOrText.nullish(), NUMBER_OF_MEMBERS: numberOrText },
    ...{ VISIBLE: yesOrNo, OPENED: yesOrNo, CLOSED: yesOrNo },
  })
  .transform((it): GroupView => ({
    ...{ id: it.ID, name: it.NAME, description: it.DESCRIPTION ?? '', type: it.TYPE, ownerId: it.OWNER_ID },
    ...{ scrumMasterId: it.SCRUM_MASTER_ID ?? 0, memberCount: it.NUMBER_OF_MEMBERS },
    ...{ visible: it.VISIBLE, open: it.OPENED, closed: it.CLOSED },
  }));

/** https://apidocs.bitrix24.com/api-reference/sonet-group/socialnetwork-api-workgroup-list.html: camel case. */
const groupListed = z
  .object({
    ...{ id: idOrText, name: z.string(), description: z.string().nullish(), type: z.string(), ownerId: idOrText },
    ...{ scrumMasterId: idOrZeroOrText.nullish(), numberOfMembers: numberOrText },
    ...{ visible: yesOrNo, opened: yesOrNo, closed: yesOrNo },
  })
  .transform(({ opened, numberOfMembers, ...it }): GroupView => ({
    ...it,
    ...{ description: it.description ?? '', scrumMasterId: it.scrumMasterId ?? 0 },
    ...{ memberCount: numberOfMembers, open: opened },
  }));

const columns = [
  ...['ID', 'NAME', 'DESCRIPTION', 'TYPE', 'OWNER_ID', 'SCRUM_MASTER_ID', 'NUMBER_OF_MEMBERS'],
  ...['VISIBLE', 'OPENED', 'CLOSED'],
];
const flag = (is: boolean | undefined) => (is === undefined ? undefined : is ? 'Y' : 'N');

const listGroups = declare({
  id: 'listGroups',
  method: 'socialnetwork.api.workgroup.list',
  verb: 'get',
  path: 'groups',
  summary: 'List the groups, by id',
  description:
    'The workgroups, projects and scrums that the user who granted access may see. Their ids are the `groupId` of other operations. The app needs the permission `socialnetwork`.',
  query: {
    name: { text: z.string().min(1).max(255), json: z.string().min(1).max(255), description: 'A part of the name.' },
    closed: { text: flagText, json: z.boolean(), description: 'Archived groups only, or only the others.' },
    ...pageQuery,
  },
  status: 200,
  answerDescription: 'A page of groups; the last one may be empty.',
  answer: groupPage,
  faults: ['list_not_walkable'],
  params: ({ name: part, closed, ...page }) => ({
    ...listParams({ '%NAME': part, CLOSED: flag(closed) }, page),
    select: columns,
  }),
  entity: () => groupEntity({}),
  read: (value, page) =>
    parsePage(groupListed, parseAnswer(z.object({ workgroups: z.unknown() }), value).workgroups, page),
});

const getGroup = declare({
  id: 'getGroup',
  method: 'socialnetwork.api.workgroup.get',
  verb: 'get',
  path: 'groups/:groupId',
  summary: 'Get a group',
  description: 'The app needs the permission `socialnetwork`.',
  status: 200,
  answerDescription: 'The group.',
  answer: groupSchema,
  faults: ['group_not_found'],
  params: (input) => ({ params: { groupId: input.groupId } }),
  read: (value) => parseAnswer(groupThere, value),
});

/** https://apidocs.bitrix24.com/api-reference/sonet-group/sonet-group-create.html */
const addGroup = declare({
  id: 'addGroup',
  method: 'sonet_group.create',
  verb: 'post',
  path: 'groups',
  summary: 'Create a group, a project or a scrum',
  description:
    'With `scrumMasterId` it is a scrum. A scrum gets its backlog when a user first opens its planning page, or from `addBacklog`. Bitrix24 returns only the id. The app needs the permission `sonet_group`.',
  body: newGroup,
  status: 201,
  answerDescription: 'The id of the group.',
  answer: groupId,
  location: { description: 'The path of the group.', of: ({ id }) => `groups/${id}` },
  faults: [],
  lost: {
    kind: 'unsettled',
    advice: 'Look for it with GET /v1/portals/{portal}/groups?name=…; create it again only if it is not there.',
  },
  params: ({ name, description, scrumMasterId, project, ownerId, visible, open }) =>
    withoutUndefined({
      ...{ NAME: name, DESCRIPTION: description, SCRUM_MASTER_ID: scrumMasterId, OWNER_ID: ownerId },
      PROJECT: flag(scrumMasterId === undefined ? project : true),
      ...{ VISIBLE: flag(visible), OPENED: flag(open) },
    }),
  // A new group is different from every existing and every other new one.
  entity: () => ({ family: 'sonet_group', ids: { group: `new ${randomUUID()}` } }),
  read: (value) => ({ id: parseAnswer(idOrText, value) }),
});

const roles = { A: 'owner', E: 'moderator', K: 'member' } as const;
const memberSchema = z
  .object({
    userId: idSchema.describe('The id of the user.'),
    role: z.enum(['owner', 'moderator', 'member']).describe('The role of the user in the group.'),
  })
  .meta({ id: 'GroupMember', examples: [{ userId: 6, role: 'moderator' }] });
const memberList = z.object({ items: z.array(memberSchema).describe('All members.') }).meta({ id: 'GroupMemberList' });
const memberThere = z
  .object({ USER_ID: idOrText, ROLE: z.enum(['A', 'E', 'K']) })
  .transform(({ USER_ID, ROLE }) => ({ userId: USER_ID, role: roles[ROLE] }));

/** https://apidocs.bitrix24.com/api-reference/sonet-group/members/sonet-group-user-get.html */
const listMembers = declare({
  id: 'listGroupMembers',
  method: 'sonet_group.user.get',
  verb: 'get',
  path: 'groups/:groupId/members',
  summary: 'List the members of a group',
  description: 'The app needs the permission `sonet_group`.',
  status: 200,
  answerDescription: 'All active members.',
  answer: memberList,
  faults: ['group_not_found'],
  params: (input) => ({ ID: input.groupId }),
  read: (value) => ({ items: parseAnswer(z.array(memberThere), value) }),
});

function groupEntity(ids: Entity['ids']): Entity {
  return { family: 'socialnetwork', ids };
}

function withoutUndefined(params: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined));
}

export const resource: Resource = {
  tag: 'groups',
  about: 'Workgroups, projects and scrums of a portal, and their members.',
  scope: 'group',
  methods: [listGroups, getGroup, addGroup, listMembers],
};
