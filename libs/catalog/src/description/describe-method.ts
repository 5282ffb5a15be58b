import type { Catalog } from '../catalog';
import type { Listing, PagePosition } from '../listing';
import { type Method, needsOf } from '../method';
import {
  type FieldRecord,
  type FieldRecords,
  isRequired,
  type MethodEffect,
  type MethodRecord,
  typeOfField,
} from '../method-record';

/** The type of a parameter, such as `integer, required`; or that with its fields or values. */
export type FieldDescription =
  string | { readonly type: string; readonly values?: readonly string[]; readonly fields?: FieldDescriptions };
export type FieldDescriptions = Readonly<Record<string, FieldDescription>>;

/** What a caller needs to know of a method, in words that need no key. Facts that are not documented are absent. */
export interface MethodDescription {
  readonly method: string;
  readonly effect: MethodEffect;
  /** Permissions of the app or the webhook, of which one is needed. */
  readonly permissions?: readonly string[];
  /** What else the method needs, or must not be used for. */
  readonly notes?: readonly string[];
  /** The methods to use instead; empty if none is named. */
  readonly deprecatedFor?: readonly string[];
  /** By name; `{}` if the method has none. */
  readonly parameters?: FieldDescriptions;
  readonly result?: {
    readonly type: string;
    readonly records?: string;
    readonly recordId?: string;
    /** Names of a record's fields, or of the result's, that examples show; there may be others. */
    readonly fields?: readonly string[];
  };
  /** How further records of a list are read. */
  readonly paging?: string;
  /** The portal's own codes by HTTP status; `0` stands for a status that is not documented. */
  readonly errors?: Readonly<Record<string, readonly string[]>>;
  readonly page: string;
}

/** Returns undefined for a method that the catalog does not know. */
export function describeMethod(catalog: Catalog, name: string): MethodDescription | undefined {
  const method = catalog.find(name);
  if (!method) return undefined;
  const { effect, scopes, deprecatedFor, params, errors, page } = method;
  const shape = catalog.shapeOf(name);
  const notes = notesOf(method, shape);
  return {
    method: method.name,
    effect,
    ...(scopes.length > 0 && { permissions: scopes }),
    ...(notes.length > 0 && { notes }),
    ...(deprecatedFor && { deprecatedFor }),
    ...(params && { parameters: describeFields(params) }),
    ...resultOf(shape),
    ...pagingOf(catalog.listing(name)),
    ...(Object.keys(errors).length > 0 && { errors }),
    page,
  };
}

type Shape = Pick<MethodRecord, 'result' | 'paging'>;

function notesOf(method: Method, { paging }: Shape): string[] {
  return [
    ...needsOf(method),
    ...(method.params ? [] : ['Its parameters are not documented.']),
    ...(paging?.positional ? ['Send its parameters as a list, in this order.'] : []),
  ];
}

function describeFields(fields: FieldRecords): FieldDescriptions {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, describeField(field)]));
}

/** `array!` of the data is `array, required`. */
function describeField(field: FieldRecord): FieldDescription {
  const type = `${typeOfField(field) || 'any'}${isRequired(field) ? ', required' : ''}`;
  if (typeof field === 'string') return type;
  const { fields, values } = field;
  return { type, ...(values && { values }), ...(fields && { fields: describeFields(fields) }) };
}

function resultOf({ result }: Shape): Pick<MethodDescription, 'result'> {
  if (!result) return {};
  const { type, rows, id, fields } = result;
  const records = rows === undefined ? {} : { records: rows === '' ? 'result' : `result.${rows}` };
  const names = fields && { fields: Object.keys(fields) };
  return { result: { type, ...records, ...(id && { recordId: id }), ...names } };
}

function pagingOf(listing: Listing | undefined): Pick<MethodDescription, 'paging'> {
  const paging = listing && pagingWords(listing);
  return paging ? { paging } : {};
}

function pagingWords(listing: Listing): string | undefined {
  if (listing.kind === 'whole') return 'All records come in one answer.';
  if (listing.kind === 'pages') return pageWords(listing);
  if (listing.kind === 'own') return ownPagingWords(listing.position);
  const { reason, parameters } = listing;
  return reason === 'own_paging' && parameters.length > 0
    ? `By its own parameters: ${parameters.join(', ')}.`
    : undefined;
}

function ownPagingWords({ name, counts, limit }: PagePosition): string {
  const size = limit === undefined ? 'Pages of 50' : `Pages of \`${limit}\` records`;
  const what = counts === 'pages' ? 'the number of the page, from 1' : 'the number of records before the page';
  return `${size}: \`${name}\` is ${what}.`;
}

function pageWords({ byId }: Extract<Listing, { kind: 'pages' }>): string {
  const pages = 'Pages of 50: pass `next` of the answer as `start`; without `next` it was the last page.';
  if (!byId) return pages;
  const { filter, order, id, filterId = id, rowId = id } = byId;
  const faster = `{"${order}":{"${id}":"ASC"},"${filter}":{">${filterId}":<the last ${rowId}>}}`;
  return `${pages} Many records: \`start\` -1 with ${faster}.`;
}
