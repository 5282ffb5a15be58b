import { z } from 'zod';
import { idSchema } from '../../http/shapes';
import { groupSchema } from '../../resources/groups/groups';
import { backlogSchema } from '../../resources/scrum/backlogs';
import { epicSchema } from '../../resources/scrum/epics';
import { sprintSchema } from '../../resources/scrum/sprints';
import { stageSchema } from '../../resources/scrum/stages';
import { scrumTaskSchema } from '../../resources/scrum/tasks';
import { taskSchema } from '../../resources/tasks/task-shape';

const { storyPoints, epicId, sort } = scrumTaskSchema.shape;
const onlyIfRead = 'Present with `scrumFields=true`.';
export const boardTaskSchema = taskSchema
  .extend({
    storyPoints: storyPoints.optional().describe(`The story points, as text. ${onlyIfRead}`),
    epicId: epicId.optional().describe(`The id of the epic; 0 when there is none. ${onlyIfRead}`),
    sort: sort.optional().describe(`The position: lower numbers come first. ${onlyIfRead}`),
  })
  .meta({ id: 'BoardTask' });
export type BoardTask = z.infer<typeof boardTaskSchema>;

const changeSchema = z
  .object({
    what: z.enum(['backlog', 'epics', 'sprints', 'tasks']).describe('What changed.'),
    ids: z.array(idSchema).describe('Those that are known to have changed; empty when only their number shows it.'),
  })
  .meta({ id: 'BoardChange', examples: [{ what: 'tasks', ids: [8017] }] });
export type BoardChange = z.infer<typeof changeSchema>;

const requests = z.int().min(1).describe('The number of requests to the portal that it took.');
const changedMeanwhile = z
  .array(changeSchema)
  .optional()
  .describe('What is known to have changed while the board was read; absent when nothing is. Read it once more then.');

export const boardSchema = z
  .object({
    group: groupSchema
      .nullable()
      .describe('The group; null when the app lacks the permission `socialnetwork` to read it.'),
    backlog: backlogSchema.nullable().describe('The backlog; null when the scrum has none yet.'),
    epics: z.array(epicSchema).describe('All epics, by id.'),
    sprints: z.array(sprintSchema).describe('The active and the planned sprints, and the completed ones on request.'),
    stages: z.array(stageSchema).describe('The stages of these sprints, sprint by sprint, in their order.'),
    tasks: z.array(boardTaskSchema).describe('The tasks in the backlog and in these sprints, place by place, by id.'),
    requests,
    changedMeanwhile,
  })
  .meta({ id: 'Board' });
export type Board = z.infer<typeof boardSchema>;

/** The lines of a board as NDJSON. */
export const boardLineSchema = z
  .union([
    z.object({ group: groupSchema.nullable().describe('As in `Board`.') }),
    z.object({ backlog: backlogSchema.nullable().describe('As in `Board`.') }),
    z.object({ epic: epicSchema }),
    z.object({ sprint: sprintSchema }),
    z.object({ stage: stageSchema }),
    z.object({ task: boardTaskSchema }),
  ])
  .meta({ id: 'BoardLine' });
export const boardEndSchema = z
  .object({
    end: z
      .object({ records: z.int().describe('The number of lines before this one.'), requests, changedMeanwhile })
      .describe('The last line of a board.'),
  })
  .meta({ id: 'BoardEnd', examples: [{ end: { records: 42, requests: 2 } }] });
