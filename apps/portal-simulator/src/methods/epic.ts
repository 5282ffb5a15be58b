import { bindFields, bindInt, bindOptionalFields, isNumeric, toInt, toText } from '../bind-parameter';
import { type MethodContext, type MethodTable, type VendorPage } from '../method-context';
import type { PhpInput } from '../php-input';
import type { EpicRow } from '../scrum-store';
import { refuse } from '../vendor-refusal';
import { type Columns, pageOf } from './page-of';
import { integerFields, requireGroupAccess, textFields, userField } from './scrum-fields';

/** `tasks.api.scrum.epic.*` (docs/bitrix24-rules.md#scrum). */
export const epicMethods: MethodTable = {
  'tasks.api.scrum.epic.getFields': { scope: 'task', run: getFields },
  'tasks.api.scrum.epic.get': { scope: 'task', run: get },
  'tasks.api.scrum.epic.list': { scope: 'task', run: list },
  'tasks.api.scrum.epic.add': { scope: 'task', writes: true, run: add },
  'tasks.api.scrum.epic.update': { scope: 'task', writes: true, run: update },
  'tasks.api.scrum.epic.delete': { scope: 'task', writes: true, run: remove },
};

const columns: Columns<EpicRow> = {
  ID: 'id',
  GROUP_ID: 'groupId',
  NAME: 'name',
  DESCRIPTION: 'description',
  CREATED_BY: 'createdBy',
  MODIFIED_BY: 'modifiedBy',
  COLOR: 'color',
};

function getFields(): unknown {
  return {
    fields: {
      ...textFields('name', 'description'),
      ...integerFields('groupId'),
      ...textFields('color'),
      files: { type: 'array' },
      ...integerFields('createdBy', 'modifiedBy'),
    },
  };
}

function list({ portal, caller, params }: MethodContext): VendorPage {
  for (const name of ['filter', 'select', 'order']) bindOptionalFields(params, name);
  const visible = [...portal.scrum.epics.values()].filter((epic) =>
    portal.scrum.canAccess(epic.groupId, caller.userId),
  );
  return pageOf(visible, columns, params);
}

function get(context: MethodContext): unknown {
  const { files, ...epic } = byId(context);
  return { ...epic, files: { FIELD_NAME: 'UF_SCRUM_EPIC_FILES', USER_TYPE_ID: 'disk_file', VALUE: files } };
}

function add(context: MethodContext): unknown {
  const { scrum } = context.portal;
  const fields = bindFields(context.params);
  const createdBy = userField(context, fields, 'createdBy') ?? context.caller.userId;
  const groupId = toInt(fields['groupId']);
  if (groupId === 0) refuse('Group id not found');
  const name = toText(fields['name']);
  if (name === '') refuse('Name not found');
  requireGroupAccess(context, groupId);
  const text = { description: toText(fields['description']), color: toText(fields['color']) };
  const epic = {
    id: scrum.nextId(scrum.epics),
    groupId,
    name,
    ...text,
    createdBy,
    modifiedBy: 0,
    files: [],
  };
  return saved(context, epic, fields);
}

function update(context: MethodContext): unknown {
  const id = bindInt(context.params, 'id');
  const fields = bindFields(context.params);
  const epic = byId(context, id);
  const groupId = isNumeric(fields['groupId']) ? toInt(fields['groupId']) : epic.groupId;
  requireGroupAccess(context, groupId);
  const createdBy = userField(context, fields, 'createdBy') ?? epic.createdBy;
  const modifiedBy = userField(context, fields, 'modifiedBy') ?? context.caller.userId;
  const texts = Object.fromEntries(
    ['name', 'description', 'color']
      .filter((name) => typeof fields[name] === 'string')
      .map((name) => [name, fields[name]]),
  );
  return saved(context, { ...epic, ...texts, groupId, createdBy, modifiedBy }, fields);
}

/** Answers `[]`, also when it silently failed. */
function remove(context: MethodContext): [] {
  const { id } = byId(context);
  if (!context.silentlyFails) context.portal.scrum.epics.delete(id);
  return [];
}

/** Files are attached once the epic is there, so that it stays without them when they can't be. */
function saved({ portal }: MethodContext, epic: EpicRow, fields: PhpInput): unknown {
  portal.scrum.epics.set(epic.id, epic);
  if (Array.isArray(fields['files'])) {
    const files = fields['files'].map((file) => Number(/^n(\d+)$/.exec(toText(file))?.[1]));
    if (!files.every((id) => portal.scrum.files.has(id))) refuse('Epic files not attached');
    portal.scrum.epics.set(epic.id, { ...epic, files });
  }
  return withoutFiles(epic);
}

function byId(context: MethodContext, id = bindInt(context.params, 'id')): EpicRow {
  const epic = context.cache.read(`epic:${id}`, () => context.portal.scrum.epics.get(id)) ?? refuse('Epic not found');
  requireGroupAccess(context, epic.groupId);
  return epic;
}

function withoutFiles({ files: _files, ...epic }: EpicRow): unknown {
  return epic;
}
