import { toInt, toText } from '../bind-parameter';
import { VendorPage } from '../method-context';
import { type PhpInput, isMap } from '../php-input';
import { refuse } from '../vendor-refusal';

const pageSize = 50;

/** Column names of a list method (upper case) and the field each stands for. */
export type Columns<Row> = Readonly<Record<string, keyof Row>>;

/** Filters, sorts and cuts a list of rows the way the vendor's list methods do; 50 a page, `start` is an offset. */
export function pageOf<Row>(rows: readonly Row[], columns: Columns<Row>, params: PhpInput): VendorPage {
  const sorted = rowsOf(rows, columns, params);
  const start = Math.max(0, toInt(params['start']));
  const page = sorted.slice(start, start + pageSize);
  const next = sorted.length > start + pageSize ? start + pageSize : undefined;
  return new VendorPage(
    page.map((row) => ({ ...row })),
    sorted.length,
    next,
  );
}

/** A page of rows that are filtered and sorted already, under a key of the result; `start: -1` leaves out the count. */
export function keyedPage(rows: readonly unknown[], params: PhpInput, key?: string): VendorPage {
  const start = toInt(params['start']);
  const from = Math.max(0, start);
  const page = rows.slice(from, from + pageSize);
  if (start < 0) return new VendorPage(page, undefined, undefined, key);
  return new VendorPage(page, rows.length, rows.length > from + pageSize ? from + pageSize : undefined, key);
}

/** The names in `select`; undefined when there are none. */
export function selectedNames(select: unknown): string[] | undefined {
  const names = Array.isArray(select) ? select : isMap(select) ? Object.values(select) : [];
  return names.length === 0 ? undefined : names.map(toText);
}

/** The rows that the filter keeps, in the order asked for. */
export function rowsOf<Row>(rows: readonly Row[], columns: Columns<Row>, params: PhpInput): Row[] {
  const filter = isMap(params['filter']) ? params['filter'] : {};
  const order = isMap(params['order']) ? params['order'] : {};
  const conditions = Object.entries(filter).map(([key, wanted]) => {
    const [, operator = '', column = ''] = /^([=!<>@%]*)([^=!<>@%].*)?$/.exec(key) ?? [];
    return { operator, column, wanted };
  });
  const matching = rows.filter((row) => conditions.every((condition) => keeps(row, columns, condition)));
  return sorted(matching, columns, order);
}

interface Condition {
  readonly operator: string;
  readonly column: string;
  readonly wanted: unknown;
}

function keeps<Row>(row: Row, columns: Columns<Row>, { operator, column, wanted }: Condition): boolean {
  const value = toText(row[columnOf(columns, column)]);
  if (Array.isArray(wanted)) return wanted.map(toText).includes(value) !== operator.startsWith('!');
  const text = toText(wanted);
  const difference = compare(value, text);
  switch (operator) {
    case '!':
    case '!=':
      return difference !== 0;
    case '>':
      return difference > 0;
    case '>=':
      return difference >= 0;
    case '<':
      return difference < 0;
    case '<=':
      return difference <= 0;
    case '%':
      return value.includes(text);
    default:
      return difference === 0;
  }
}

/** A value to sort by, read once for each row. */
interface SortKey {
  readonly text: string;
  /** Undefined for a text that is no number. */
  readonly number: number | undefined;
}

function sorted<Row>(rows: readonly Row[], columns: Columns<Row>, order: PhpInput): Row[] {
  const by = Object.entries(order).map(([column, direction]) => ({
    field: columnOf(columns, column),
    sign: toText(direction).toUpperCase() === 'DESC' ? -1 : 1,
  }));
  const keyed = rows.map((row) => ({ row, keys: by.map(({ field }) => sortKey(toText(row[field]))) }));
  keyed.sort((left, right) => {
    for (const [i, { sign }] of by.entries()) {
      const difference = compareKeys(left.keys[i], right.keys[i]);
      if (difference !== 0) return sign * difference;
    }
    return 0;
  });
  return keyed.map(({ row }) => row);
}

function sortKey(text: string): SortKey {
  const number = Number(text);
  return { text, number: text !== '' && Number.isFinite(number) ? number : undefined };
}

function compareKeys(left: SortKey | undefined, right: SortKey | undefined): number {
  if (left?.number !== undefined && right?.number !== undefined) return left.number - right.number;
  const [one, other] = [left?.text ?? '', right?.text ?? ''];
  return one < other ? -1 : one > other ? 1 : 0;
}

function columnOf<Row>(columns: Columns<Row>, name: string): keyof Row {
  return columns[name] ?? refuse('Could not load list');
}

function compare(left: string, right: string): number {
  return compareKeys(sortKey(left), sortKey(right));
}
