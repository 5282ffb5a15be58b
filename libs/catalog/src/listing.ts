import type { IdNames, MethodRecord } from './method-record';

/** Why the records of a method cannot be read page by page. */
export type NoListingReason = 'no_list' | 'own_paging' | 'positional_parameters' | 'not_a_read';

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
  /** All records come in one answer. */
  | { readonly kind: 'whole'; readonly rows: string | undefined; readonly id: string | undefined }
  | { readonly kind: 'none'; readonly reason: NoListingReason; readonly parameters: readonly string[] };

export function listingOf({ effect, result, paging }: MethodRecord): Listing {
  if (effect !== 'read') return none('not_a_read');
  if (paging?.positional) return none('positional_parameters');
  if (!paging || result?.map) return none('no_list');
  if (paging.by === 'own') return none('own_paging', paging.names);
  const { rows, id } = result ?? {};
  if (paging.by === 'none') return { kind: 'whole', rows, id };
  return { kind: 'pages', rows, id, start: paging.start ?? 'start', byId: paging.byId };
}

function none(reason: NoListingReason, parameters: readonly string[] = []): Listing {
  return { kind: 'none', reason, parameters };
}
