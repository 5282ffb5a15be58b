import { isNumeric, toInt, toText } from '../bind-parameter';
import type { GroupRow } from '../group-store';
import { type MethodContext, type MethodTable, type VendorPage } from '../method-context';
import { type PhpInput, isMap } from '../php-input';
import { VendorRefusal } from '../vendor-refusal';
import { type Columns, keyedPage, rowsOf, selectedNames } from './page-of';

/** `sonet_group.*` writes upper-case names and text; `socialnetwork.api.workgroup.*` is a controller of its own. */
export const groupMethods: MethodTable = {
  'sonet_group.create': { scope: 'sonet_group', writes: true, run: create },
  'sonet_group.get': { scope: 'sonet_group', run: list },
  'sonet_group.user.get': { scope: 'sonet_group', run: members },
  'socialnetwork.api.workgroup.get': { scope: 'socialnetwork', run: get },
  'socialnetwork.api.workgroup.list': { scope: 'socialnetwork', run: listWorkgroups },
};

/** A row as lists filter and sort it: everything is text. */
type GroupColumns = Readonly<Record<string, string>>;

const names = [
  ...['ID', 'NAME', 'DESCRIPTION', 'TYPE', 'OWNER_ID', 'SCRUM_MASTER_ID', 'ACTIVE', 'VISIBLE', 'OPENED', 'CLOSED'],
  ...['PROJECT', 'NUMBER_OF_MEMBERS', 'SITE_ID', 'SUBJECT_ID', 'KEYWORDS', 'IS_EXTRANET'],
];
const columns = Object.fromEntries(names.map((name) => [name, name])) as Columns<GroupColumns>;
const flag = (is: boolean) => (is ? 'Y' : 'N');

function columnsOf(row: GroupRow): GroupColumns {
  return {
    ...{ ID: `${row.id}`, SITE_ID: 's1', NAME: row.name, DESCRIPTION: row.description, KEYWORDS: '' },
    ...{ ACTIVE: 'Y', VISIBLE: flag(row.isVisible), OPENED: flag(row.isOpened), CLOSED: flag(row.isClosed) },
    ...{ SUBJECT_ID: '1', OWNER_ID: `${row.ownerId}`, NUMBER_OF_MEMBERS: `${row.members.length}` },
    ...{ PROJECT: flag(row.type !== 'group'), IS_EXTRANET: 'N', TYPE: row.type },
    SCRUM_MASTER_ID: `${row.scrumMasterId}`,
  };
}

function visibleGroups({ portal, caller }: MethodContext): GroupRow[] {
  const ids = [...portal.scrum.groups.keys()].filter((id) => portal.scrum.canAccess(id, caller.userId));
  return ids.map((id) => portal.groups.row(id));
}

/** The id of the new group. Only an administrator chooses its owner. */
function create({ portal, caller, params }: MethodContext): number {
  const name = toText(params['NAME']);
  if (name === '') throw new VendorRefusal('', 'Cannot create group', 400);
  const scrumMasterId = toInt(params['SCRUM_MASTER_ID']);
  const isProject = params['PROJECT'] === 'Y' || scrumMasterId > 0;
  const chosen = isNumeric(params['OWNER_ID']) && portal.administrators.has(caller.userId);
  const ownerId = chosen ? toInt(params['OWNER_ID']) : caller.userId;
  const { scrum } = portal;
  if (![ownerId, scrumMasterId].every((id) => id === 0 || scrum.users.has(id)))
    throw new VendorRefusal('', 'Cannot create group', 400);
  const id = scrum.nextId(scrum.groups);
  scrum.addGroup(id);
  const type = scrumMasterId > 0 ? 'scrum' : isProject ? 'project' : 'group';
  const flags = { isVisible: params['VISIBLE'] !== 'N', isOpened: params['OPENED'] === 'Y' };
  portal.groups.add({
    ...{ id, name, type, ownerId, scrumMasterId, description: toText(params['DESCRIPTION']), ...flags },
    isClosed: params['CLOSED'] === 'Y',
  });
  return id;
}

/** `FILTER` and `ORDER` are upper case; newest first by default. It does not say which group is a scrum. */
function list(context: MethodContext): VendorPage {
  const { params } = context;
  const filter = { ...(isMap(params['FILTER']) ? params['FILTER'] : {}) };
  if (isNumeric(params['GROUP_ID'])) filter['ID'] = params['GROUP_ID'];
  const order = isMap(params['ORDER']) ? params['ORDER'] : { ID: 'DESC' };
  const rows = rowsOf(visibleGroups(context).map(columnsOf), columns, { filter, order });
  const shown = rows.map((row) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => !['TYPE', 'SCRUM_MASTER_ID'].includes(name))),
  );
  return keyedPage(shown, params);
}

function members({ portal, caller, params }: MethodContext): unknown {
  const id = toInt(params['ID']);
  if (id <= 0) throw new VendorRefusal('', 'Wrong socialnetwork group ID', 400);
  if (!portal.scrum.canAccess(id, caller.userId)) throw new VendorRefusal('', 'Socialnetwork group not found', 400);
  return portal.groups.row(id).members.map(({ userId, role }) => ({ USER_ID: `${userId}`, ROLE: role }));
}

/** Its parameters are inside `params`; ids are numbers here. */
function get({ portal, caller, params }: MethodContext): unknown {
  const id = toInt(isMap(params['params']) ? params['params']['groupId'] : undefined);
  if (id <= 0) throw refusal('EMPTY', 'No value for the workgroup ID was provided.');
  if (!portal.scrum.canAccess(id, caller.userId)) throw refusal('NOT_FOUND', 'Workgroup not found.');
  const row = portal.groups.row(id);
  const { KEYWORDS, ACTIVE, VISIBLE, OPENED, CLOSED, PROJECT } = columnsOf(row);
  return {
    ...{ ID: id, ACTIVE, SITE_ID: 's1', SUBJECT_ID: 1, NAME: row.name, DESCRIPTION: row.description, KEYWORDS },
    ...{ CLOSED, VISIBLE, OPENED, DATE_CREATE: '11/02/2026 09:00:00', OWNER_ID: row.ownerId, PROJECT },
    ...{ NUMBER_OF_MEMBERS: row.members.length, NUMBER_OF_MODERATORS: 1, INITIATE_PERMS: 'K' },
    ...(row.type === 'scrum' && { SCRUM_MASTER_ID: row.scrumMasterId }),
    ...{ SCRUM_OWNER_ID: 0, TYPE: row.type, MEMBERS: row.members.map(({ userId }) => userId) },
  };
}

/** Names are in camel case, values are text; only the id when nothing is selected. */
function listWorkgroups(context: MethodContext): VendorPage {
  const { params } = context;
  const rows = rowsOf(visibleGroups(context).map(columnsOf), columns, params);
  const wanted = (selectedNames(params['select']) ?? ['ID']).filter((name) => name in columns);
  const shown = rows.map((row) => Object.fromEntries(wanted.map((name) => [camelCase(name), row[name]])));
  return keyedPage(shown, params satisfies PhpInput, 'workgroups');
}

function camelCase(name: string): string {
  return name.toLowerCase().replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function refusal(what: 'EMPTY' | 'NOT_FOUND', sentence: string): VendorRefusal {
  return new VendorRefusal(`SONET_CONTROLLER_WORKGROUP_${what}`, sentence, 400);
}
