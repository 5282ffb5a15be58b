import type { MethodTable, RestMethod } from '../method-context';
import { backlogMethods } from './backlog';
import { chatMethods } from './chat';
import { checklistMethods } from './checklist';
import { crmDealMethods } from './crm-deal';
import { diskMethods } from './disk';
import { epicMethods } from './epic';
import { groupMethods } from './group';
import { kanbanMethods } from './kanban';
import { labMethods } from './lab';
import { portalMethods } from './portal-methods';
import { sprintMethods } from './sprint';
import { taskMethods } from './task';
import { taskCardMethods } from './task-card';
import { userMethods } from './user';

const tables: MethodTable = {
  ...portalMethods,
  ...backlogMethods,
  ...epicMethods,
  ...sprintMethods,
  ...kanbanMethods,
  ...taskMethods,
  ...taskCardMethods,
  ...checklistMethods,
  ...chatMethods,
  ...crmDealMethods,
  ...diskMethods,
  ...userMethods,
  ...groupMethods,
  ...labMethods,
  methods: { scope: '', run: () => [...methodNames] },
};

const methodNames: readonly string[] = Object.keys(tables).filter((name) => !(name in labMethods));

const byLowerCase = new Map(Object.entries(tables).map(([name, method]) => [name.toLowerCase(), method]));

/** Method names are not case-sensitive. */
export function findMethod(name: string): RestMethod | undefined {
  return byLowerCase.get(name.toLowerCase());
}
