import { toInt, toText } from '../bind-parameter';
import type { ListStore } from '../list-store';
import { type RestMethod, VendorPage } from '../method-context';
import { isMap, type PhpInput } from '../php-input';
import type { ListedMethod } from './listed-method';
import { listedMethods } from './listed-method-table';
import { selectedNames } from './page-of';

const pageSize = 50;
const byLowerCase = new Map(Object.entries(listedMethods).map(([name, method]) => [name.toLowerCase(), method]));

/** Returns a list method of which the portal holds records. */
export function listedMethod(lists: ListStore, name: string): RestMethod | undefined {
  const count = lists.countOf(name);
  const method = byLowerCase.get(name.toLowerCase());
  if (count === undefined || method === undefined) return undefined;
  return { scope: '', run: ({ params }) => listed(method, count, params) };
}

function listed(method: ListedMethod, count: number, params: PhpInput): unknown {
  const ids = idsOf(method, count, params);
  const { from, size, total } = pageIn(method, ids.length, params);
  const page = ids.slice(from, from + size);
  const next = total !== undefined && from + size < total ? from + size : undefined;
  const rows = written(method, page, selectedNames(paramOf(method, params, 'select')));
  const { rows: key, beside } = method;
  if (beside !== undefined && key !== undefined)
    return new VendorPage({ [key]: rows, [beside]: [{ id: 1 }, { id: 2 }] }, total, next);
  return new VendorPage(rows, total, next, key);
}

/** The ids that the filter leaves, newest first unless the caller orders them. */
function idsOf(method: ListedMethod, count: number, params: PhpInput): number[] {
  const { id = '', filterId = id } = method;
  const limit = (operator: string) => {
    const filter = paramOf(method, params, 'filter');
    const given = isMap(filter) ? filter[`${operator}${filterId}`] : undefined;
    return given === undefined ? undefined : toInt(given);
  };
  const after = limit('>') ?? (limit('>=') ?? 1) - 1;
  const all = Array.from({ length: count }, (_, i) => i + 1).filter((it) => it > after);
  const order = paramOf(method, params, 'order');
  const isAscending = isMap(order) && /^asc$/i.test(toText(order[filterId]));
  return isAscending ? all : all.reverse();
}

interface Cut {
  readonly from: number;
  readonly size: number;
  /** Absent where the method does not count. */
  readonly total?: number;
}

function pageIn({ by, start: name = 'start', names = [], counts }: ListedMethod, total: number, params: PhpInput): Cut {
  const [offset = '', limit = by === 'limit' ? 'limit' : ''] = names;
  const size = Math.min(toInt(params[limit]) || 10, pageSize);
  const start = toInt(params[name]);
  switch (by) {
    case 'whole':
      return { from: 0, size: total };
    case 'limit':
      return { from: 0, size };
    case 'page':
      return { from: (Math.max(1, toInt(params['page'])) - 1) * pageSize, size: pageSize };
    case 'offset':
      return { from: Math.max(0, toInt(params[offset])), size, ...(counts && { total }) };
    case 'start':
      // Below 0 nothing is counted; otherwise pages are whole.
      return start < 0 ? { from: 0, size: pageSize } : { from: start - (start % pageSize), size: pageSize, total };
  }
}

function written(
  { as, id, idAs }: ListedMethod,
  ids: readonly number[],
  selected: string[] | undefined,
): unknown[] | PhpInput {
  if (as === 'values') return [...ids];
  if (as === 'texts') return Object.fromEntries(ids.map((it) => [`code${it}`, `Record ${it}`]));
  const rows = ids.map((it) =>
    shown({ ...(id && { [id]: idAs === 'number' ? it : `${it}` }), name: `Record ${it}` }, selected),
  );
  // PHP writes an empty array as a list.
  return as === 'map' && rows.length > 0 ? Object.fromEntries(rows.map((row, i) => [String(ids[i]), row])) : rows;
}

function shown(row: PhpInput, selected: string[] | undefined): PhpInput {
  if (selected === undefined || selected.includes('*')) return row;
  return Object.fromEntries(Object.entries(row).filter(([name]) => selected.includes(name)));
}

function paramOf({ isUpperCase }: ListedMethod, params: PhpInput, name: string): unknown {
  return params[isUpperCase === true ? name.toUpperCase() : name];
}
