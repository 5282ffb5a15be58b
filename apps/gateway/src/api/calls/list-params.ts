import { entriesOf, orderedObject } from '@b24/portal';
import { unusableParam } from './list-faults';
import type { NamedCall } from './any-calls';
import { isMap } from './list-rows';

const listParamNames: ReadonlySet<string> = new Set(['filter', 'order', 'select']);

/** Parameters by which some methods of the vendor page, each in its own way. */
const ownPaging = /"(NAV_PARAMS|nPageSize|iNumPage)":/i;

/**
 * Returns the id field of CRM lists, which filter and order by it (docs/bitrix24-rules.md#lists). Other lists are not known
 * to.
 */
export function idFieldOf(method: string): 'ID' | 'id' | undefined {
  if (/^crm\.item\.list$/i.test(method)) return 'id';
  return /^crm\.(?:deal|lead|contact|company|quote|activity)\.list$/i.test(method) ? 'ID' : undefined;
}

/** Returns whether the parameters go by position, so that a name such as `start` can't be added. */
export function isPositional({ params }: NamedCall): boolean {
  const names = Object.keys(params);
  return names.length > 0 && names.every((name) => /^\d+$/.test(name));
}

/** @throws Fault invalid_request for parameters that choose one page */
export function refuseOwnPaging({ params }: NamedCall): void {
  const start = Object.keys(params).find((it) => /^start$/i.test(it));
  const name = start ?? ownPaging.exec(JSON.stringify(params))?.[1];
  if (name !== undefined) throw unusableParam(name, 'The gateway chooses the pages of a list; leave it out.');
}

/**
 * Returns the list as the gateway extends it. CRM lists take `filter`, `order` and `select` in any case: they are folded to
 * lower case, empty ones are left out, and the id is added to the selected fields. The parameters of other lists stay as
 * they are. @throws Fault invalid_request for a parameter that is given twice
 */
export function foldListParams(list: NamedCall): NamedCall {
  const id = idFieldOf(list.method);
  if (id === undefined) return list;
  const folded = entriesOf(list.params).map(([name, value]) => [foldedName(name), value] as const);
  refuseRepeated(folded.map(([name]) => name));
  const given = folded.filter(([name, value]) => !listParamNames.has(name) || !isEmpty(value));
  return { ...list, params: orderedObject(given.map(([name, value]) => [name, extended(name, value, id)])) };
}

function foldedName(name: string): string {
  const lower = name.toLowerCase();
  return listParamNames.has(lower) ? lower : name;
}

function refuseRepeated(names: readonly string[]): void {
  const repeated = names.find((name, i) => names.indexOf(name) !== i);
  if (repeated !== undefined) throw unusableParam(repeated, 'Given more than once, in upper and lower case.');
}

function extended(name: string, value: unknown, id: string): unknown {
  return name === 'select' ? withId(value, id) : value;
}

/** Adds the id to the selected fields, given as a list or as a map with numeric keys. */
function withId(select: unknown, id: string): unknown {
  if (typeof select !== 'object' || select === null) return select;
  const named = Object.values(select) as unknown[];
  return named.includes(id) || named.includes('*') ? named : [...named, id];
}

/** PHP does not distinguish an empty list from an empty map. */
function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return value === null || value === undefined || (isMap(value) && Object.keys(value).length === 0);
}
