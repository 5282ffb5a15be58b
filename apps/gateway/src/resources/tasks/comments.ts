import { z } from 'zod';
import { idSchema } from '../../http/shapes';
import { idOrText, idOrZeroOrText } from '../answer-schemas';
import { declare } from '../declaration';
import { cursorAfter, idCursor, pageQuery } from '../paging';
import { parseAnswer } from '../parse-answer';
import type { Resource } from '../resource';

/*
 * The comments of a task are the messages of its chat since version 25.700 of the vendor's task module
 * (https://apidocs.bitrix24.com/api-reference/tasks/tasks-new.html).
 */

const messageSchema = z
  .object({
    id: idSchema.describe('The id of the message.'),
    authorId: z.int().min(0).describe('The id of the user who wrote it; 0 for a message of Bitrix24 itself.'),
    date: z.iso.datetime({ offset: true }).describe('When it was written.'),
    text: z.string().describe('The text, in BBCode.'),
  })
  .meta({
    id: 'ChatMessage',
    examples: [{ id: 84877, authorId: 6, date: '2026-11-02T09:43:26+01:00', text: 'Ready for review.' }],
  });
const messagePage = z
  .object({
    items: z.array(messageSchema).describe('The messages of the page, newest first.'),
    nextCursor: z.string().optional().describe('Send it as `cursor` to get older messages. Absent on the last page.'),
  })
  .meta({ id: 'ChatMessagePage' });
const messageThere = z
  .object({ id: idOrText, author_id: idOrZeroOrText, date: z.iso.datetime({ offset: true }), text: z.string() })
  .transform(({ author_id: authorId, id, date, text }) => ({ id, authorId, date, text }));
const newComment = z
  .strictObject({ text: z.string().min(1).max(20_000).describe('The text, in BBCode.') })
  .meta({ id: 'NewTaskComment', examples: [{ text: 'Ready for review.' }] });

/** The most messages that the vendor returns at once. */
const maxMessages = 50;

/** https://apidocs.bitrix24.com/api-reference/tasks/tasks-task-chat-message-send.html */
const addComment = declare({
  id: 'addTaskComment',
  method: 'tasks.task.chat.message.send',
  version: 3,
  verb: 'post',
  path: 'tasks/:taskId/comments',
  summary: 'Comment on a task, in its chat',
  description:
    'Bitrix24 returns no id. Needs a portal with version 3 of the API and the new task card (`tasks 25.700.0`), and an app with the permission `tasks`; for a task that does not exist it denies access.',
  body: newComment,
  status: 204,
  answerDescription: 'The comment is in the chat of the task.',
  faults: [],
  lost: {
    kind: 'unsettled',
    advice:
      'GET /v1/portals/{portal}/chats/{chatId}/messages shows the messages there are; `chatId` is a field of the task. Send it again only if it is none.',
  },
  params: ({ taskId, text }) => ({ fields: { taskId, text } }),
  read: (value) => {
    parseAnswer(z.object({ result: z.literal(true) }), value);
  },
});

/** https://apidocs.bitrix24.com/api-reference/chats/messages/im-dialog-messages-get.html */
const listMessages = declare({
  id: 'listChatMessages',
  method: 'im.dialog.messages.get',
  verb: 'get',
  path: 'chats/:chatId/messages',
  summary: 'List the messages of a chat, newest first',
  description:
    'The comments of a task are the messages of its chat, whose id is the `chatId` of the task. The app needs the permission `im`.',
  query: { limit: pageQuery.limit, cursor: pageQuery.cursor },
  status: 200,
  answerDescription: 'A page of messages; the last one may be empty.',
  answer: messagePage,
  faults: [],
  params: ({ chatId, limit = maxMessages, cursor }) => ({
    ...{ DIALOG_ID: `chat${chatId}`, LIMIT: limit },
    ...(cursor !== undefined && { LAST_ID: idCursor(cursor) }),
  }),
  // Unread messages come on top of the limit.
  read: (value, { limit = maxMessages }) => {
    const rows = parseAnswer(z.object({ messages: z.array(messageThere) }), value).messages;
    const items = rows.sort((left, right) => right.id - left.id);
    const last = items.at(-1);
    return { items, ...(last && items.length >= limit && { nextCursor: cursorAfter(last.id) }) };
  },
});

export const resource: Resource = {
  tag: 'comments',
  about: 'Comments on tasks, and the messages of chats.',
  scope: 'comment',
  methods: [addComment, listMessages],
};
