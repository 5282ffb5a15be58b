import type { Answer } from '@b24/portal';
import { parseAnswer } from '../../resources/parse-answer';
import { scrumTaskSchema } from '../../resources/scrum/tasks';
import type { TaskView } from '../../resources/tasks/task-shape';
import { BoardBatch, maxCommands, type SendBatch } from './board-batch';
import { boardCommands } from './board-commands';
import type { BoardChange, BoardTask } from './board-schemas';

/** Requests of one board that are sent at once. */
const requestsAtOnce = 4;
const tasksAtOnce = requestsAtOnce * maxCommands;

/**
 * Returns the tasks with story points, epic and position, which Bitrix24 returns for one task at a time: 50 a request. A
 * task that has left the scrum meanwhile stays without them. @throws Fault
 */
export async function readScrumFields(
  tasks: readonly TaskView[],
  send: SendBatch,
): Promise<{ readonly tasks: BoardTask[]; readonly moved: BoardChange | undefined }> {
  const read: EnrichedTask[] = [];
  for (let from = 0; from < tasks.length; from += tasksAtOnce) {
    const chunk = tasks.slice(from, from + tasksAtOnce);
    const parts = Array.from({ length: Math.ceil(chunk.length / maxCommands) }, (_, i) =>
      readPart(chunk.slice(i * maxCommands, (i + 1) * maxCommands), send),
    );
    read.push(...(await Promise.all(parts)).flat());
  }
  const ids = read.filter(({ hasMoved }) => hasMoved).map(({ task }) => task.id);
  return { tasks: read.map(({ task }) => task), moved: ids.length > 0 ? { what: 'tasks', ids } : undefined };
}

interface EnrichedTask {
  readonly task: BoardTask;
  /** It is not in the place in which it was found. */
  readonly hasMoved: boolean;
}

async function readPart(tasks: readonly TaskView[], send: SendBatch): Promise<EnrichedTask[]> {
  const batch = new BoardBatch();
  for (const { id } of tasks) batch.add(`task${id}`, boardCommands.scrumFields(id));
  await batch.send(send);
  return tasks.map((task) => enriched(task, batch.answerOf(`task${task.id}`)));
}

function enriched(task: TaskView, answer: Answer): EnrichedTask {
  if (!answer.ok && answer.fault.code === 'task_not_found') return { task, hasMoved: true };
  if (!answer.ok) throw answer.fault;
  const { entityId, storyPoints, epicId, sort } = parseAnswer(scrumTaskSchema, answer.value);
  const hasMoved = entityId !== (task.backlogId ?? task.sprintId);
  return { task: { ...task, storyPoints, epicId, sort }, hasMoved };
}
