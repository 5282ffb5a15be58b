/**
 * A list method as the example of its answer in the vendor's documentation shows it. Its parameters have the names and the case of the
 * documentation, and others are passed over.
 */
export interface ListedMethod {
  /** The key of the result under which the records are; the result is the list itself without one. */
  readonly rows?: string;
  /** A list of records by default. */
  readonly as?: 'map' | 'values' | 'texts';
  /** The field of a record's id. */
  readonly id?: string;
  /** The id where a filter or an order names it otherwise. */
  readonly filterId?: string;
  readonly idAs?: 'number';
  /** How the method pages; `limit`: one page, of the size that the caller wants. */
  readonly by: 'start' | 'whole' | 'page' | 'offset' | 'limit';
  /** `start` by default. */
  readonly start?: string;
  /** The offset and the size of a page. */
  readonly names?: readonly string[];
  /** FILTER, ORDER and SELECT. */
  readonly isUpperCase?: boolean;
  /** A page by offset has a total. */
  readonly counts?: boolean;
  /** The key of another list of the result. */
  readonly beside?: string;
}
