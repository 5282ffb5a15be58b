import type { MethodContext } from '../method-context';

/** Whether the task exists and the caller may see its group. */
export function isReadableTask({ portal, caller }: Pick<MethodContext, 'portal' | 'caller'>, taskId: number): boolean {
  const groupId = portal.scrum.tasks.get(taskId);
  if (groupId === undefined) return false;
  return groupId === 0 || portal.scrum.canAccess(groupId, caller.userId);
}
