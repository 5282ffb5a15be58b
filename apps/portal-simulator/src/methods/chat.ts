import { isNumeric, toInt, toText } from '../bind-parameter';
import type { MethodContext, MethodTable } from '../method-context';
import type { ChatMessageRow } from '../task-store';
import { VendorRefusal } from '../vendor-refusal';
import { isReadableTask } from './task-access';

/** `im.dialog.messages.get`, for the chats of tasks. */
export const chatMethods: MethodTable = {
  'im.dialog.messages.get': { scope: 'im', run: messages },
};

const [defaultLimit, maxLimit] = [20, 50];

/** The latest messages, those older than `LAST_ID` or those newer than `FIRST_ID`; newest first. */
function messages({ portal, caller, params }: MethodContext): unknown {
  const [, digits] = /^chat(\d+)$/.exec(toText(params['DIALOG_ID'])) ?? [];
  if (digits === undefined) throw new VendorRefusal('DIALOG_ID_EMPTY', "Dialog ID can't be empty", 400);
  const chatId = Number(digits);
  if (!isReadableTask({ portal, caller }, portal.tasks.taskOfChat(chatId)))
    throw new VendorRefusal('ACCESS_ERROR', 'You do not have access to the specified dialog', 403);
  const [last, first] = [idOf(params['LAST_ID'], 'Last'), idOf(params['FIRST_ID'], 'First')];
  const limit = isNumeric(params['LIMIT']) ? Math.min(maxLimit, toInt(params['LIMIT'])) : defaultLimit;
  const all = portal.tasks.messages.filter((it) => it.chatId === chatId);
  const found =
    first === undefined ? before(all, last).slice(-limit) : all.filter(({ id }) => id > first).slice(0, limit);
  return { chat_id: chatId, messages: found.reverse().map(shown), users: [], files: [] };
}

function before(all: readonly ChatMessageRow[], last = Infinity): ChatMessageRow[] {
  return all.filter(({ id }) => id < last);
}

function idOf(value: unknown, which: 'First' | 'Last'): number | undefined {
  if (value === undefined || value === '') return undefined;
  if (isNumeric(value)) return toInt(value);
  throw new VendorRefusal(`${which.toUpperCase()}_ID_STRING`, `${which} ID can't be string`, 400);
}

function shown({ id, chatId, authorId, date, text }: ChatMessageRow): unknown {
  const rest = { unread: false, uuid: null, replaces: [], params: [], disappearing_date: null };
  return { id, chat_id: chatId, author_id: authorId, date, text, ...rest };
}
