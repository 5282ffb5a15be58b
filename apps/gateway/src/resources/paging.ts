import { Fault } from '@b24/portal';
import { z } from 'zod';
import { cursorPattern, foreignCursor } from '../http/list-page';
import { pageLimit } from '../http/shapes';
import { parseAnswer } from './parse-answer';

/*
 * The vendor pages its lists by offset, 50 items at a time, and does not always report the total. Pages here go by id
 * instead: they neither skip nor repeat an item when others are added or deleted in between.
 */

export const vendorPageItems = 50;

const cursorSchema = z
  .string()
  .max(64)
  .refine((cursor) => afterOf(cursor) !== undefined, foreignCursor);

/** The query parameters of every list. */
export const pageQuery = {
  limit: {
    ...pageLimit(vendorPageItems),
    description: `The maximum number of items on the page; ${vendorPageItems} by default.`,
  },
  cursor: {
    text: cursorSchema,
    json: cursorSchema,
    description: 'The `nextCursor` of the page before; absent for the first page.',
  },
};

interface PageQuery {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/** A filter of the vendor by column; undefined values are left out. */
type VendorFilter = Readonly<Record<string, string | number | undefined>>;

export function listParams(filter: VendorFilter, { cursor }: PageQuery): Record<string, unknown> {
  const after = cursor === undefined ? undefined : afterOf(cursor);
  const wanted = Object.entries({ ...filter, '>ID': after }).filter(([, value]) => value !== undefined);
  return { filter: Object.fromEntries(wanted), order: { ID: 'asc' } };
}

export interface ListPage<T> {
  items: T[];
  nextCursor?: string;
}

/**
 * Returns a page of the items in the portal's result.
 * @throws Fault portal_error, list_not_walkable when the ids do not grow from the cursor on
 */
export function parsePage<T extends { id: number }>(
  item: z.ZodType<T>,
  value: unknown,
  { limit, cursor }: PageQuery,
): ListPage<T> {
  const rows = parseAnswer(z.array(item), value);
  assertGrowing(rows, cursor === undefined ? undefined : afterOf(cursor));
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const more = rows.length > items.length || rows.length >= vendorPageItems;
  return { items, ...(last && more && { nextCursor: cursorAfter(last.id) }) };
}

/** The cursor of a list that can be paged by position only. */
const offsetSchema = z.string().regex(cursorPattern, foreignCursor);

/** The query parameter of a list that is paged by position, 50 items at a time. */
export const offsetQuery = { cursor: { ...pageQuery.cursor, text: offsetSchema, json: offsetSchema } };

/** Returns the vendor's `start` of a page. */
export function offsetStart({ cursor }: Pick<PageQuery, 'cursor'>): number {
  return Number(cursor ?? 0);
}

/** Returns a page of a list that is paged by position. A full page has a next one. @throws Fault portal_error */
export function parseOffsetPage<T>(item: z.ZodType<T>, value: unknown, page: Pick<PageQuery, 'cursor'>): ListPage<T> {
  const items = parseAnswer(z.array(item), value);
  const next = offsetStart(page) + items.length;
  return { items, ...(items.length >= vendorPageItems && { nextCursor: `${next}` }) };
}

/** A page that starts before its cursor would repeat for ever. */
function assertGrowing(rows: readonly { id: number }[], after = 0): void {
  let last = after;
  for (const { id } of rows) {
    if (id <= last) throw notGrowing(last, id);
    last = id;
  }
}

function notGrowing(last: number, id: number): Fault {
  return new Fault('list_not_walkable', {
    detail: `After id ${last} the portal returned id ${id}: it ignores the filter or the order by id, so no page can follow.`,
  });
}

/** Returns the cursor of the page that follows this id. */
export function cursorAfter(id: number): string {
  return Buffer.from(`after ${id}`).toString('base64url');
}

/** Returns the id in a cursor that the schema has checked. */
export function idCursor(cursor: string): number {
  return afterOf(cursor) ?? 0;
}

function afterOf(cursor: string): number | undefined {
  const id = /^after ([1-9]\d{0,15})$/.exec(Buffer.from(cursor, 'base64url').toString())?.[1];
  return id !== undefined && Number.isSafeInteger(Number(id)) ? Number(id) : undefined;
}
