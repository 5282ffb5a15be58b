import { Fault } from '@b24/portal';
import { z } from 'zod';
import { listParams, parsePage } from './paging';

const item = z.object({ id: z.int() });
const rowsFrom = (first: number, count: number) => Array.from({ length: count }, (_, i) => ({ id: first + i }));

describe('a page of items', () => {
  const cursor = parsePage(item, rowsFrom(1, 50), { limit: 50 }).nextCursor;

  it('is continued after its last id', () => {
    expect(listParams({ GROUP_ID: 1 }, { cursor })).toEqual({
      filter: { GROUP_ID: 1, '>ID': 50 },
      order: { ID: 'asc' },
    });
    expect(parsePage(item, rowsFrom(51, 7), { limit: 50, cursor })).toEqual({ items: rowsFrom(51, 7) });
  });

  it.each([
    ['repeats the page before', rowsFrom(1, 50)],
    ['starts with the id of its cursor', rowsFrom(50, 3)],
    ['is in descending order', rowsFrom(60, 3).reverse()],
  ])('is a problem where it %s', (_how, rows) => {
    const parse = () => parsePage(item, rows, { limit: 50, cursor });
    expect(parse).toThrow(Fault);
    expect(parse).toThrow(expect.objectContaining({ code: 'list_not_walkable' }));
  });
});
