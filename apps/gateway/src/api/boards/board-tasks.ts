import type { TaskView } from '../../resources/tasks/task-shape';
import type { BoardChange } from './board-schemas';
import { ignoredFilter, type PlaceTasks } from './place-tasks';

/**
 * Returns the tasks of all places, each once. One that was found in two places moved while the board was read; the later
 * reading counts. @throws Fault list_not_walkable when both readings are of the same request
 */
export function boardTasks(places: readonly PlaceTasks[]): {
  readonly tasks: readonly TaskView[];
  readonly moved: BoardChange | undefined;
} {
  const found = new Map<number, PlaceTasks>();
  const moved: number[] = [];
  for (const place of places) {
    for (const { id } of place.tasks) {
      const other = found.get(id);
      if (other) moved.push(id);
      if (!other || isLater(place, other, id)) found.set(id, place);
    }
  }
  const tasks = places.flatMap((place) => place.tasks.filter(({ id }) => found.get(id) === place));
  return { tasks, moved: moved.length > 0 ? { what: 'tasks', ids: moved } : undefined };
}

function isLater(place: PlaceTasks, other: PlaceTasks, id: number): boolean {
  const [mine, its] = [place.requestOf(id), other.requestOf(id)];
  if (mine === its) throw ignoredFilter(`task ${id} in two places`);
  return mine > its;
}
