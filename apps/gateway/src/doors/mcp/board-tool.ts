import { z } from 'zod';
import { readBoard } from '../../api/boards/read-board';
import { idSchema, portalName } from '../../http/shapes';
import { findPortal } from '../../line/find-portal';
import { pathIdDescription } from '../../resources/declaration';
import { type McpTool, readingTool } from './tool';

const boardInput = z.strictObject({
  portal: portalName,
  groupId: idSchema.describe(pathIdDescription('groupId')),
  completed: z.boolean().default(false).describe('Whether completed sprints and their tasks are on the board.'),
  scrumFields: z
    .boolean()
    .default(false)
    .describe('Whether tasks have story points, epic and position, which takes one more request for 50 tasks.'),
});

export const boardTool: McpTool = {
  ...readingTool,
  name: 'get_board',
  operation: 'getBoard',
  description:
    "Get a scrum's board: backlog, epics, sprints, stages and tasks. It is complete; `changedMeanwhile` says what changed while it was read.",
  access: { scope: 'scrum:read', method: 'tasks.task.list' },
  input: boardInput,
  says: 'The board.',
  run: async ({ line, portals }, caller, input) => {
    const { portal, ...request } = input as z.infer<typeof boardInput>;
    const found = await findPortal(portals, portal, caller.signal);
    return readBoard(request, (command) => line.call(caller, 'scrum:read', found, command));
  },
};
