import { isMap } from '../php-input';
import { compare, filterOf } from './filter-rows';
import { type V3Entity, selectFields } from './select-fields';
import { V3Refusal } from './v3-refusal';
import type { V3Row } from './v3-store';

const usualLimit = 50;

/** `select`, `filter`, `order` and `pagination` of a list method (docs/bitrix24-rules.md#rest-3). */
export function listRows(rows: Iterable<V3Row>, entity: V3Entity, params: Readonly<Record<string, unknown>>): V3Row {
  const { offset, limit } = pageOf(params['pagination']);
  const matching = [...rows].filter(filterOf(params['filter'], entity)).sort(orderOf(params['order'], entity));
  const items = matching.slice(offset, offset + limit).map((row) => selectFields(row, entity, params['select']));
  return { items };
}

function orderOf(order: unknown, entity: V3Entity): (left: V3Row, right: V3Row) => number {
  const columns = isMap(order) ? Object.entries(order) : [];
  for (const [name] of columns) if (!entity.fields.includes(name)) throw V3Refusal.unknownField(name, entity.name);
  return (left, right) => {
    const differences = columns.map(([name, direction]) => {
      const difference = compare(left[name], right[name]);
      return String(direction).toUpperCase() === 'DESC' ? -difference : difference;
    });
    return differences.find((difference) => difference !== 0) ?? 0;
  };
}

/** The offset is that of the page, unless there is no page. */
function pageOf(pagination: unknown): { offset: number; limit: number } {
  const { page, limit = usualLimit, offset = 0 } = isMap(pagination) ? pagination : {};
  const [size, first] = [Number(limit), page === undefined ? Number(offset) : (Number(page) - 1) * Number(limit)];
  if (Number.isInteger(size) && size > 0 && Number.isInteger(first) && first >= 0)
    return { offset: first, limit: size };
  const shown = JSON.stringify(pagination);
  throw V3Refusal.of('INVALIDPAGINATION', `Cannot recognize pagination parameter \`${shown}\``);
}
