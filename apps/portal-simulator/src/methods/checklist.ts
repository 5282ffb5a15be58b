import { isNumeric, toInt, toText } from '../bind-parameter';
import type { MethodContext, MethodTable } from '../method-context';
import { type PhpInput, isMap } from '../php-input';
import type { ChecklistRow } from '../task-store';
import { vendorDate } from '../vendor-date';
import { VendorRefusal } from '../vendor-refusal';
import { isReadableTask } from './task-access';

/**
 * `task.checklistitem.*`: parameters count by their position, whatever their names are; `complete` and `delete` find an
 * item by its id and do not look at the task.
 */
export const checklistMethods: MethodTable = {
  'task.checklistitem.getlist': { scope: 'task', run: getList },
  'task.checklistitem.get': { scope: 'task', run: get },
  'task.checklistitem.add': { scope: 'task', writes: true, run: add },
  'task.checklistitem.complete': { scope: 'task', writes: true, run: complete },
  'task.checklistitem.delete': { scope: 'task', writes: true, run: remove },
};

function getList(context: MethodContext): unknown {
  const taskId = idAt(context, 0, 'taskId', 'getlist');
  if (!isReadableTask(context, taskId)) throw failed('Action failed');
  return context.portal.tasks
    .itemsOf(taskId)
    .sort((left, right) => right.id - left.id)
    .map(shown);
}

function get(context: MethodContext): unknown {
  const taskId = idAt(context, 0, 'taskId', 'get');
  const item = context.portal.tasks.checklist.get(idAt(context, 1, 'itemId', 'get'));
  if (item?.taskId !== taskId || !isReadableTask(context, taskId)) throw notFound();
  return shown(item);
}

/** Returns the id. Without a list to be in, an item gets one. */
function add(context: MethodContext): number {
  const taskId = idAt(context, 0, 'taskId', 'add');
  const fields = fieldsAt(context);
  if (!isReadableTask(context, taskId)) throw failed('Adding item: action not allowed');
  const title = toText(fields['TITLE']);
  if (title === '') throw failed('Item name not specified');
  const parentId = isNumeric(fields['PARENT_ID']) ? toInt(fields['PARENT_ID']) : undefined;
  const known = context.portal.tasks.checklist.get(parentId ?? 0);
  if (parentId !== undefined && known?.taskId !== taskId) return insert(context, taskId, { title, parentId: 0 });
  const root = parentId ?? rootOf(context, taskId);
  const flags = { isComplete: fields['IS_COMPLETE'] === 'Y', isImportant: fields['IS_IMPORTANT'] === 'Y' };
  return insert(context, taskId, { title, parentId: root, sortIndex: toInt(fields['SORT_INDEX']), ...flags });
}

function rootOf(context: MethodContext, taskId: number): number {
  const root = context.portal.tasks.itemsOf(taskId).find(({ parentId }) => parentId === 0);
  return root?.id ?? insert(context, taskId, { title: 'Checklist 1', parentId: 0 });
}

function insert({ portal, caller }: MethodContext, taskId: number, fields: Partial<ChecklistRow>): number {
  const id = portal.scrum.nextId(portal.tasks.checklist);
  const usual = { title: '', parentId: 0, sortIndex: 0, isComplete: false, isImportant: false };
  const made = { createdBy: caller.userId, toggledBy: null, toggledDate: '' };
  portal.tasks.checklist.set(id, { ...usual, ...made, ...fields, id, taskId });
  return id;
}

/** False when there is no such item; true also when it was complete before. */
function complete(context: MethodContext): boolean {
  const { portal, caller } = context;
  idAt(context, 0, 'taskId', 'complete');
  const item = portal.tasks.checklist.get(idAt(context, 1, 'itemId', 'complete'));
  if (item === undefined) return false;
  const now = vendorDate(portal.clock.now());
  if (!item.isComplete) Object.assign(item, { isComplete: true, toggledBy: caller.userId, toggledDate: now });
  return true;
}

function remove(context: MethodContext): boolean {
  const taskId = idAt(context, 0, 'taskId', 'delete');
  const itemId = idAt(context, 1, 'itemId', 'delete');
  const { checklist } = context.portal.tasks;
  if (!isReadableTask(context, taskId)) throw failed('Deleting item: action not allowed');
  if (!checklist.has(itemId)) throw notFound();
  for (const { id, parentId } of [...checklist.values()]) if (parentId === itemId) checklist.delete(id);
  return checklist.delete(itemId);
}

/** The parameter at a position; 0 and less are refused in other words. */
function idAt({ received }: MethodContext, position: number, name: string, method: string): number {
  const value = [...received][position]?.[1];
  if (value === undefined) throw wrong(`Param #${position} (${name}) expected by method ${of(method)}, but not given.`);
  const text = typeof value === 'object' && value !== null && 'text' in value ? String(value.text) : toText(value);
  const type = `Param #${position} (${name}) for method ${of(method)} expected to be of type "integer"`;
  if (!/^-?\d+$/.test(text)) throw wrong(`${type}, but given something else.`);
  if (Number(text) <= 0) throw new VendorRefusal('ERROR_CORE', 'TASKS_ERROR_ASSERT_EXCEPTION<br>', 400);
  return Number(text);
}

/** The fields are the second parameter, whatever its name is. */
function fieldsAt({ received, params }: MethodContext): PhpInput {
  const name = [...received][1]?.[0] ?? '';
  const fields = params[name];
  if (isMap(fields)) return fields;
  throw wrong(`Param #1 (arFields) expected by method ${of('add')}, but not given.`);
}

function of(method: string): string {
  return `ctaskchecklistitem::${method}()`;
}

function shown(item: ChecklistRow): unknown {
  const flag = (is: boolean) => (is ? 'Y' : 'N');
  return {
    ...{
      ID: String(item.id),
      TASK_ID: String(item.taskId),
      PARENT_ID: item.parentId === 0 ? 0 : String(item.parentId),
    },
    ...{ CREATED_BY: String(item.createdBy), TITLE: item.title, SORT_INDEX: String(item.sortIndex) },
    ...{ IS_COMPLETE: flag(item.isComplete), IS_IMPORTANT: flag(item.isImportant) },
    ...{ TOGGLED_BY: item.toggledBy === null ? null : String(item.toggledBy), TOGGLED_DATE: item.toggledDate },
    ...{ MEMBERS: [], ATTACHMENTS: [] },
  };
}

function failed(sentence: string): VendorRefusal {
  return numbered(8, sentence, 'ACTION_FAILED_TO_BE_PROCESSED');
}

function notFound(): VendorRefusal {
  return numbered(512, 'Check listitem not found or not accessible', 'ITEM_NOT_FOUND_OR_NOT_ACCESSIBLE');
}

function wrong(sentence: string): VendorRefusal {
  return numbered(256, sentence, 'WRONG_ARGUMENTS');
}

function numbered(number: number, sentence: string, name: string): VendorRefusal {
  const description = `TASKS_ERROR_EXCEPTION_#${number}; ${sentence}; ${number}/TE/${name}<br>`;
  return new VendorRefusal('ERROR_CORE', description, 400);
}
