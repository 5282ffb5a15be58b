import { z } from 'zod';
import { idOrNull, idOrText, idOrZeroOrText, numberOrText } from '../answer-schemas';
import { parseAnswer } from '../parse-answer';

const moment = z.iso.datetime({ offset: true }).nullable();
const momentOrNone = moment.nullish().transform((it) => it ?? null);
const statusText = '2 waiting, 3 in progress, 4 awaiting approval, 5 completed, 6 deferred.';

/** A task as the portal shows it: numbers are text, and what is not known may be absent. */
export const taskSchema = z
  .object({
    id: idOrText.describe('The id of the task.'),
    title: z.string().describe('The title.'),
    status: numberOrText.describe(statusText),
    priority: numberOrText.default(1).describe('0 low, 1 medium, 2 high.'),
    groupId: idOrZeroOrText.describe('The id of the workgroup or project; 0 when there is none.'),
    sprintId: idOrNull.describe('The id of its sprint; null when it is in none, or the portal does not say.'),
    backlogId: idOrNull.describe('The id of its backlog; null when it is in none, or the portal does not say.'),
    stageId: idOrNull.describe('The id of its stage on the board; null when it is on none.'),
    parentId: idOrNull.describe('The id of the task that it is a part of; null when there is none.'),
    responsibleId: idOrText.describe('The id of the user who is responsible.'),
    createdBy: idOrText.describe('The id of the user who created the task.'),
    createdDate: moment.describe('When the task was created.'),
    changedDate: momentOrNone.describe('When the task was last changed; null when the portal does not say.'),
    closedDate: momentOrNone.describe('When the task was completed; null when it is not.'),
    deadline: momentOrNone.describe('The deadline; null when there is none.'),
    chatId: idOrNull.describe('The id of the chat with its comments; null on portals with the old task card.'),
  })
  .meta({
    id: 'Task',
    examples: [
      {
        ...{ id: 8017, title: 'Write the release notes', status: 2, priority: 1, groupId: 125, sprintId: 7 },
        ...{ backlogId: null, stageId: 58, parentId: null, responsibleId: 6, createdBy: 1 },
        ...{ createdDate: '2026-11-02T09:00:00+01:00', changedDate: '2026-11-02T09:00:00+01:00' },
        ...{ closedDate: null, deadline: null, chatId: 1489 },
      },
    ],
  });
export type TaskView = z.infer<typeof taskSchema>;

/** What is selected of a task; a portal with the old task card has no `CHAT_ID` and passes it over. */
export const taskColumns: readonly string[] = [
  ...['ID', 'TITLE', 'STATUS', 'PRIORITY', 'GROUP_ID', 'SPRINT_ID', 'BACKLOG_ID', 'STAGE_ID', 'PARENT_ID'],
  ...['RESPONSIBLE_ID', 'CREATED_BY', 'CREATED_DATE', 'CHANGED_DATE', 'CLOSED_DATE', 'DEADLINE', 'CHAT_ID'],
];

/** Returns the task in the result of a method that returns one. @throws Fault portal_error */
export function toTask(value: unknown): TaskView {
  return parseAnswer(z.object({ task: taskSchema }), value).task;
}
