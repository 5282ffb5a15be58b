import { toInt, toText } from '../bind-parameter';
import { type MethodContext, type MethodTable, type VendorPage } from '../method-context';
import { type PhpInput, isMap } from '../php-input';
import { type Columns, keyedPage, rowsOf, selectedNames } from './page-of';

/** `user.*` of the vendor's documentation: photos are plain addresses of its file servers, open to all. */
export const userMethods: MethodTable = {
  'user.get': { scope: 'user', run: (context) => listed(context, conditionsOf(context.params)) },
  'user.search': { scope: 'user', run: search },
};

interface UserRow {
  readonly ID: string;
  readonly ACTIVE: boolean;
  readonly NAME: string;
  readonly LAST_NAME: string;
  readonly EMAIL: string;
  readonly WORK_POSITION: string;
  readonly USER_TYPE: string;
  readonly PERSONAL_PHOTO: string;
}

const names = ['ID', 'ACTIVE', 'NAME', 'LAST_NAME', 'EMAIL', 'WORK_POSITION', 'USER_TYPE'] as const;
const columns: Columns<UserRow> = Object.fromEntries(names.map((name) => [name, name]));

/** Conditions stand in `FILTER` or beside it; the names of the parameters may be spelled in any case. */
function conditionsOf(params: PhpInput): PhpInput {
  const given = upperCase(params);
  const own = Object.entries(given).filter(([name]) => name in columns);
  return { ...Object.fromEntries(own), ...(isMap(given['FILTER']) ? upperCase(given['FILTER']) : {}) };
}

function upperCase(map: PhpInput): PhpInput {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name.toUpperCase(), value]));
}

/** With `FIND` every word must begin a word of the name or the position, and no other condition counts. */
function search(context: MethodContext): VendorPage {
  const { FIND: find, ...conditions } = conditionsOf(context.params);
  if (find === undefined) return listed(context, conditions);
  const words = toText(find).toLowerCase().split(/\s+/).filter(Boolean);
  return listed(context, {}, ({ NAME, LAST_NAME, WORK_POSITION }) => {
    const known = `${NAME} ${LAST_NAME} ${WORK_POSITION}`.toLowerCase().split(' ');
    return words.every((word) => known.some((it) => it.startsWith(word)));
  });
}

/** By id unless `sort` and `order` say otherwise; unknown names in `select` are passed over. */
function listed(
  { portal, params }: MethodContext,
  filter: PhpInput,
  matches: (row: UserRow) => boolean = () => true,
): VendorPage {
  const given = upperCase(params);
  const order = { [toText(given['SORT']).toUpperCase() || 'ID']: given['ORDER'] ?? 'ASC' };
  const wanted = 'ACTIVE' in filter ? { ...filter, ACTIVE: isYes(filter['ACTIVE']) ? '1' : '' } : filter;
  const all = [...portal.scrum.users].map((id) => shown(id, !portal.dismissedUsers.has(id)));
  const rows = rowsOf(all.filter(matches), columns, { filter: wanted, order });
  const selected = selectedNames(given['SELECT']);
  const visible = (row: UserRow) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => selected?.includes(name) ?? true));
  return keyedPage(rows.map(visible), { start: toInt(given['START']) });
}

function isYes(value: unknown): boolean {
  return value === true || ['1', 'true', 'y'].includes(toText(value).toLowerCase());
}

function shown(id: number, isActive: boolean): UserRow {
  return {
    ...{ ID: String(id), ACTIVE: isActive, NAME: 'User', LAST_NAME: String(id), EMAIL: `user${id}@example.com` },
    ...{ WORK_POSITION: '', USER_TYPE: 'employee' },
    PERSONAL_PHOTO: `https://cdn.bitrix24.com/b17053210/main/4b8/4b8f4f7d2a9f6c1e0d3b5a7986543210/user${id}.png`,
  };
}
