import { Fault } from '@b24/portal';
import { z } from 'zod';
import { pageSchema } from '../../http/list-page';
import { idSchema } from '../../http/shapes';
import { idOrText } from '../answer-schemas';
import { declare } from '../declaration';
import { offsetQuery, offsetStart, parseOffsetPage } from '../paging';
import { parseAnswer } from '../parse-answer';
import type { Resource } from '../resource';

const userSchema = z
  .object({
    id: idSchema.describe('The id of the user: `createdBy`, `responsibleId` and so on of other operations.'),
    active: z.boolean().describe('Whether the user works here; false after a dismissal.'),
    firstName: z.string().describe('The first name.'),
    lastName: z.string().describe('The last name.'),
    email: z.string().describe('The e-mail address; empty when the app may not read it.'),
    position: z.string().describe('The job title; empty when there is none.'),
    type: z.string().describe('`employee`, `extranet` or `email`; empty when the portal does not say.'),
  })
  .meta({
    id: 'User',
    examples: [
      {
        ...{ id: 6, active: true, firstName: 'Ada', lastName: 'Lovelace', email: 'ada@example.com' },
        ...{ position: 'Analyst', type: 'employee' },
      },
    ],
  });
const userPage = pageSchema(userSchema, 'The users of the page, ordered by id.').meta({ id: 'UserPage' });

const text = z.string().nullish();
/** Fields that the app's permission (`user`, `user_basic` or `user_brief`) does not cover are absent. */
const userThere = z
  .object({
    ...{ ID: idOrText, ACTIVE: z.boolean(), NAME: text, LAST_NAME: text },
    ...{ EMAIL: text, WORK_POSITION: text, USER_TYPE: text },
  })
  .transform((it) => ({
    ...{ id: it.ID, active: it.ACTIVE, firstName: it.NAME ?? '', lastName: it.LAST_NAME ?? '' },
    ...{ email: it.EMAIL ?? '', position: it.WORK_POSITION ?? '', type: it.USER_TYPE ?? '' },
  }));

const select = ['ID', 'ACTIVE', 'NAME', 'LAST_NAME', 'EMAIL', 'WORK_POSITION', 'USER_TYPE'];
const find = z.string().min(1).max(255);

/** https://apidocs.bitrix24.com/api-reference/user/user-search.html: `FIND` and other conditions exclude each other. */
const searchUsers = declare({
  id: 'searchUsers',
  method: 'user.search',
  verb: 'get',
  path: 'users',
  summary: 'List the users, or find them by name or job title',
  description:
    'Bots and external users are not among them. Pages go by position, because Bitrix24 takes no other condition beside `find`: a user who is added or removed meanwhile may move others to another page.',
  query: { find: { text: find, json: find, description: 'Words of the name or the job title.' }, ...offsetQuery },
  status: 200,
  answerDescription: 'A page of up to 50 users; the last one may be empty.',
  answer: userPage,
  faults: [],
  params: ({ find: words, cursor }) => ({
    ...{ FILTER: words === undefined ? { '>ID': 0 } : { FIND: words }, sort: 'ID', order: 'ASC', select },
    start: offsetStart({ cursor }),
  }),
  read: (value, page) => parseOffsetPage(userThere, value, page),
});

/** https://apidocs.bitrix24.com/api-reference/user/user-get.html */
const getUser = declare({
  id: 'getUser',
  method: 'user.get',
  verb: 'get',
  path: 'users/:userId',
  summary: 'Get a user',
  status: 200,
  answerDescription: 'The user.',
  answer: userSchema,
  faults: ['user_not_found'],
  params: ({ userId }) => ({ ID: userId, select }),
  read: (value) => {
    const [user] = parseAnswer(z.array(userThere), value);
    if (!user) throw new Fault('user_not_found');
    return user;
  },
});

export const resource: Resource = {
  tag: 'users',
  about: 'Users of a portal.',
  scope: 'user',
  methods: [searchUsers, getUser],
};
