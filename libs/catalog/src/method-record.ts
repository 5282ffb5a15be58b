/** What a method does. A consuming method is a read that changes what it reads. */
export type MethodEffect = 'read' | 'write' | 'consuming';

/** The type of a parameter as the vendor names it, with `!` if it is required; or that with its fields or values. */
export type FieldRecord =
  string | { readonly type: string; readonly fields?: FieldRecords; readonly values?: readonly string[] };
export type FieldRecords = Readonly<Record<string, FieldRecord>>;

/** Returns the type without the mark of what is required; empty if it is not documented. */
export function typeOfField(field: FieldRecord): string {
  return markedTypeOf(field).replace(/!$/, '');
}

export function isRequired(field: FieldRecord): boolean {
  return markedTypeOf(field).endsWith('!');
}

function markedTypeOf(field: FieldRecord): string {
  return typeof field === 'string' ? field : field.type;
}

/** The names by which records are filtered and ordered by id. */
export interface IdNames {
  readonly filter: string;
  readonly order: string;
  readonly id: string;
  /** The id in the filter, where it has another name than in the order. */
  readonly filterId?: string;
  /** The id in a record, where it has another name than in the order. */
  readonly rowId?: string;
}

export interface PagingRecord {
  readonly by: 'start' | 'own' | 'none';
  /** Of `own`: the parameters that page. */
  readonly names?: readonly string[];
  /** The name of `start` where it is written in another case. */
  readonly start?: string;
  readonly byId?: IdNames;
  readonly positional?: true;
}

/** One line of methods.json; docs/catalog.md explains it. */
export interface MethodRecord {
  readonly scope?: string | readonly string[];
  readonly effect: MethodEffect;
  readonly app?: true;
  readonly administrator?: true;
  readonly deprecated?: readonly string[];
  readonly batch?: false;
  readonly params?: FieldRecords;
  readonly result?: {
    readonly type: string;
    /** The key of the records; empty if the result itself is the array. */
    readonly rows?: string;
    readonly id?: string;
    /** Of a record, or of the result if it has none, as examples of answers show them: none is always there. */
    readonly fields?: FieldRecords;
    /** The result is a map of records by id. */
    readonly map?: true;
    readonly total?: true;
    readonly next?: true;
  };
  readonly paging?: PagingRecord;
  /** Documented codes by HTTP status; 0: the page gives none. */
  readonly errors?: Readonly<Record<string, readonly string[]>>;
  readonly page: string;
  readonly missing?: readonly string[];
}
