import type { IdNames, MethodRecord } from './method-record';

/** Why the records of a method cannot be read page by page. */
export type NoListingReason = 'no_list' | 'own_paging' | 'positional_parameters' | 'not_a_read';

/** The parameter that chooses a page: the number of records before it, or its own number, from 1. */
export interface PagePosition {
  readonly name: string;
  readonly counts: 'records' | 'pages';
  /** The parameter that sets the size of a page. */
  readonly limit: string | undefined;
}

/** How the records of a method are read to their end, or why they cannot be. */
export type Listing =
  | {
      readonly kind: 'pages';
      /** The key of the records; empty if the result is the array; undefined if it is not documented. */
      readonly rows: string | undefined;
      /** The field of a record's id. */
      readonly id: string | undefined;
      /** The name of the offset. */
      readonly start: string;
      /** Undefined if records can be read by offset only. */
      readonly byId: IdNames | undefined;
    }
  /** The method pages by a parameter of its own. */
  | {
      readonly kind: 'own';
      readonly rows: string | undefined;
      readonly id: string | undefined;
      readonly position: PagePosition;
    }
  /** All records come in one answer. */
  | { readonly kind: 'whole'; readonly rows: string | undefined; readonly id: string | undefined }
  | { readonly kind: 'none'; readonly reason: NoListingReason; readonly parameters: readonly string[] };

export function listingOf({ effect, result, paging }: MethodRecord): Listing {
  if (effect !== 'read') return none('not_a_read');
  if (paging?.positional) return none('positional_parameters');
  if (!paging) return none('no_list');
  const { rows, id } = result ?? {};
  if (paging.by === 'own') {
    const position = positionOf(paging.names ?? []);
    return position ? { kind: 'own', rows, id, position } : none('own_paging', paging.names);
  }
  if (paging.by === 'none') return { kind: 'whole', rows, id };
  return { kind: 'pages', rows, id, start: paging.start ?? 'start', byId: paging.byId };
}

function positionOf(names: readonly string[]): PagePosition | undefined {
  const named = (pattern: RegExp) => names.find((name) => pattern.test(name));
  const [page, offset, limit] = [named(/^page$/i), named(/^offset$/i), named(/^limit$/i)];
  if (offset !== undefined && limit !== undefined) return { name: offset, counts: 'records', limit };
  return page === undefined ? undefined : { name: page, counts: 'pages', limit };
}

function none(reason: NoListingReason, parameters: readonly string[] = []): Listing {
  return { kind: 'none', reason, parameters };
}
