import { applyDecorators } from '@nestjs/common';
import { ApiQuery } from '@nestjs/swagger';
import { z } from 'zod';
import { listLimit } from './shapes';

/** The number of items on a page when the caller does not say. */
const defaultLimit = 50;

/** The message for a cursor that no page has returned. */
export const foreignCursor = 'Must be a nextCursor of an earlier page.';

/** The schema of a page of a list. */
export function pageSchema<Item extends z.ZodType>(item: Item, description: string) {
  return z.object({
    items: z.array(item).describe(description),
    nextCursor: z.string().optional().describe('Send it as `cursor` to get the next page. Absent on the last page.'),
  });
}

/** The query parameter `limit` of a list of the gateway. */
export const limitQuery = listLimit.default(defaultLimit);

/** A cursor that is a number. */
export const cursorPattern = /^\d{1,9}$/;
export const numberCursor = z.string().regex(cursorPattern, foreignCursor).transform(Number);

/** The cursor fields of a page: none on the last one. */
export function nextCursor(next: number | string | undefined): { nextCursor?: string } {
  return next === undefined ? {} : { nextCursor: `${next}` };
}

interface QuerySchema {
  readonly type: 'string' | 'integer' | 'boolean';
  readonly enum?: string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Documents an optional query parameter. */
export function OptionalQuery(
  name: string,
  description: string,
  schema: QuerySchema = { type: 'string' },
): MethodDecorator {
  return ApiQuery({ name, required: false, description, schema });
}

/** Documents the query parameters `limit` and `cursor`. */
export function PageQueries(items: string): MethodDecorator {
  return applyDecorators(
    OptionalQuery('limit', `The maximum number of ${items.toLowerCase()} on the page; ${defaultLimit} by default.`, {
      type: 'integer',
      minimum: 1,
      maximum: 200,
    }),
    OptionalQuery('cursor', 'The `nextCursor` of the page before; absent for the first page.'),
  );
}
