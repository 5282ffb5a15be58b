import type { IdNames, Listing } from '@b24/catalog';
import { type Command, entriesOf, mergedInOrder, orderedObject } from '@b24/portal';
import { anyCommand } from '../../line/any-method';
import { vendorCatalog } from '../../line/vendor-catalog';
import { ownPagesOnly, unusableParam } from './list-faults';
import type { NamedCall } from './any-calls';
import { isMap } from './list-rows';

/** Parameters by which some methods of the vendor page, each in its own way. */
const ownPaging = /"(NAV_PARAMS|nPageSize|iNumPage)":/i;

/**
 * Returns the names by which a list is filtered and ordered by id, as far as the catalog knows that it can be
 * (docs/catalog.md).
 */
export function idNamesOf(method: string): IdNames | undefined {
  const listing = vendorCatalog.listing(method);
  return listing?.kind === 'pages' ? listing.byId : undefined;
}

/** Returns the key under which a method has its records, if it is documented and the result is not the list itself. */
export function rowsKeyOf(method: string): string | undefined {
  const listing = vendorCatalog.listing(method);
  const rows = listing === undefined || listing.kind === 'none' ? undefined : listing.rows;
  return rows === '' ? undefined : rows;
}

/** Returns the command of a page at an offset; -1 for the first page without a total. */
export function pageCommand({ method, params }: NamedCall, start: number): Command {
  const listing = vendorCatalog.listing(method);
  const name = listing?.kind === 'pages' ? listing.start : 'start';
  return anyCommand(method, mergedInOrder(params, { [name]: start }));
}

/** Returns whether the parameters go by position, so that a name such as `start` can't be added. */
export function isPositional({ method, params }: NamedCall): boolean {
  const names = Object.keys(params);
  if (names.length > 0 && names.every((name) => /^\d+$/.test(name))) return true;
  return reasonOf(method) === 'positional_parameters';
}

/** @throws Fault list_not_walkable for a method whose pages only parameters choose that differ from method to method */
export function refuseOwnPages(listing: Listing | undefined): void {
  if (listing?.kind === 'none' && listing.reason === 'own_paging') throw ownPagesOnly(listing.parameters);
}

function reasonOf(method: string): string | undefined {
  const listing = vendorCatalog.listing(method);
  return listing?.kind === 'none' ? listing.reason : undefined;
}

/** @throws Fault invalid_request for parameters that choose one page */
export function refuseOwnPaging({ method, params }: NamedCall): void {
  const listing = vendorCatalog.listing(method);
  const own = listing?.kind === 'own' ? [listing.position.name, listing.position.limit] : [];
  const names = ['start', ...own].map((it) => it?.toLowerCase());
  const start = Object.keys(params).find((it) => names.includes(it.toLowerCase()));
  const name = start ?? ownPaging.exec(JSON.stringify(params))?.[1];
  if (name !== undefined) throw unusableParam(name, 'The gateway chooses the pages of a list; leave it out.');
}

/**
 * Returns the list as the gateway extends it. Lists that are read by id take `filter`, `order` and `select` in any case: they
 * get the case that the vendor documents, empty ones are left out, and the id is added to the selected fields. The
 * parameters of other lists stay as they are. @throws Fault invalid_request for a parameter that is given twice
 */
export function foldListParams(list: NamedCall): NamedCall {
  const names = idNamesOf(list.method);
  if (names === undefined) return list;
  const written = new Map([names.filter, names.order, selectLike(names)].map((name) => [name.toLowerCase(), name]));
  const folded = entriesOf(list.params).map(
    ([name, value]) => [written.get(name.toLowerCase()) ?? name, value] as const,
  );
  refuseRepeated(folded.map(([name]) => name));
  const isListParam = (name: string) => written.get(name.toLowerCase()) === name;
  const given = folded.filter(([name, value]) => !isListParam(name) || !isEmpty(value));
  return { ...list, params: orderedObject(given.map(([name, value]) => [name, extended(name, value, names)])) };
}

/** A method writes `select` as it writes `filter`. */
function selectLike({ filter }: IdNames): string {
  return filter === filter.toUpperCase() ? 'SELECT' : 'select';
}

function refuseRepeated(names: readonly string[]): void {
  const repeated = names.find((name, i) => names.indexOf(name) !== i);
  if (repeated !== undefined) throw unusableParam(repeated, 'Given more than once, in upper and lower case.');
}

function extended(name: string, value: unknown, names: IdNames): unknown {
  return name === selectLike(names) ? withId(value, names.id) : value;
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
