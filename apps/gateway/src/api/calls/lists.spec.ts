import { Fault } from '@b24/portal';
import fc from 'fast-check';
import {
  type PagedRecord,
  PagingPortal,
  type PagingStyle,
  usualStyle,
} from '../../../../../test/support/paging-portal';
import { readPages } from './lists';

type Row = Readonly<Record<string, unknown>>;

interface Reading {
  readonly ids: string[];
  readonly fault?: Fault;
}

async function read(portal: PagingPortal, method: string, params: Row = {}): Promise<Reading> {
  const ids: string[] = [];
  try {
    for await (const rows of readPages({ method, params }, portal.answer))
      ids.push(...rows.map((row) => String((row['ID'] ?? row['id'] ?? 'none') as string)));
    return { ids };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { ids, fault: error };
  }
}

/** The first page of a list, or the fault before it. */
const first = async (...given: Parameters<typeof readPages>): Promise<unknown> => {
  try {
    return (await readPages(...given).next()).value;
  } catch (error) {
    return error;
  }
};

const recordsTo = (count: number, first = 1n): PagedRecord[] =>
  Array.from({ length: count }, (_, i) => ({ id: first + BigInt(i), stage: i % 2 === 0 ? 'NEW' : 'WON' }));
const idsOf = (records: readonly PagedRecord[]) => records.map(({ id }) => `${id}`);

const style = fc.record<PagingStyle>({
  idName: fc.constantFrom('ID', 'id'),
  idAs: fc.constantFrom('text', 'object', 'number'),
  key: fc.constantFrom(undefined, 'items', 'tasks'),
  hasNoResult: fc.boolean(),
  pageSize: fc.constantFrom(50, 50, 50, 20, 100),
  next: fc.constantFrom('exact', 'exact', 'absent', 'fixed', 'same', 'endless'),
  total: fc.constantFrom('exact', 'absent', 'first page only'),
  start: fc.constantFrom('taken', 'taken', 'ignored', 'whole pages'),
  idFilter: fc.constantFrom('taken', 'taken', 'ignored'),
  order: fc.constantFrom('taken', 'taken', 'ignored'),
  select: fc.constantFrom('taken', 'taken', 'without id'),
});

/** Records with gaps between their ids, some with ids beyond 2^53, some hidden within a page. */
const records = fc
  .record({
    count: fc.oneof(fc.integer({ min: 0, max: 230 }), fc.constantFrom(0, 1, 49, 50, 51, 100, 150, 600)),
    first: fc.constantFrom(1n, 95n, 9_007_199_254_740_980n),
    gap: fc.constantFrom(1n, 3n),
    hides: fc.constantFrom(false, false, true),
  })
  .map(({ count, first, gap, hides }) =>
    Array.from({ length: count }, (_, i) => ({
      id: first + BigInt(i) * gap,
      stage: i % 3 === 0 ? 'NEW' : 'WON',
      isHidden: hides && i % 7 === 3,
    })),
  );

/**
 * Without `next` and a total, nothing but `start` shows the size of a page: a portal that does not take every `start` pages by
 * 50, and one that takes none fills its page.
 */
const portal = fc.tuple(style, records).map(([how, all]): [PagingStyle, PagedRecord[]] => {
  if (how.start === 'taken' || how.next !== 'absent' || how.total !== 'absent') return [how, all];
  const isOnePage = how.start === 'ignored';
  return [{ ...how, pageSize: 50 }, all.map((it) => ({ ...it, isHidden: it.isHidden && !isOnePage }))];
});

/** What a caller asks for. `above` is the position of a record, whose id is a lower limit of the caller's filter. */
const request = fc.record({
  method: fc.constantFrom('crm.deal.list', 'crm.item.list', 'user.get'),
  stage: fc.option(fc.constant('NEW'), { nil: undefined }),
  above: fc.option(fc.nat(200), { nil: undefined }),
  operator: fc.constantFrom('>', '>='),
  inUpperCase: fc.boolean(),
  isDescending: fc.boolean(),
  selects: fc.boolean(),
});
type CallerRequest = typeof request extends fc.Arbitrary<infer T> ? T : never;

function idNameOf(method: string): Partial<Pick<PagingStyle, 'idName'>> {
  if (method === 'user.get') return {};
  return { idName: method === 'crm.item.list' ? 'id' : 'ID' };
}

function paramsOf(
  { stage, above, operator, inUpperCase, isDescending, selects }: CallerRequest,
  id: string,
  limit: bigint,
) {
  const named = (name: string) => (inUpperCase ? name.toUpperCase() : name);
  const filter = {
    ...(stage !== undefined && { STAGE_ID: stage }),
    ...(above !== undefined && { [`${operator}${id}`]: `${limit}` }),
  };
  return {
    [named('filter')]: filter,
    ...(isDescending && { [named('order')]: { [id]: 'DESC' } }),
    ...(selects && { select: ['STAGE_ID', id] }),
  };
}

/**
 * The ids that the caller may expect, in its order. A method that is read by offset and ignores the filter by id lists the
 * records that it ignores it for.
 */
function oracle(all: readonly PagedRecord[], how: PagingStyle, given: CallerRequest, limit: bigint): string[] {
  const isOffset = given.method === 'user.get' || given.isDescending || how.select === 'without id';
  const isLimited = given.above !== undefined && !(isOffset && how.idFilter === 'ignored');
  const rows = all
    .filter(({ isHidden, stage }) => !isHidden && (given.stage === undefined || stage === given.stage))
    .filter(({ id }) => !isLimited || id > limit || (given.operator === '>=' && id === limit));
  const isDescending = how.order === 'ignored' || given.isDescending;
  const ids = (isDescending ? rows.reverse() : rows).map(({ id }) => `${how.idAs === 'number' ? Number(id) : id}`);
  return how.select === 'taken' ? ids : ids.map(() => 'none');
}

/** Whether the portal pages as its documentation says, so that its lists have to be complete. */
function isUsual(how: PagingStyle, all: readonly PagedRecord[]): boolean {
  const takesAll = [how.start, how.idFilter, how.order, how.select].every((it) => it === 'taken');
  const isReadable = takesAll && how.idAs !== 'number';
  if (all.some(({ isHidden }) => isHidden))
    return isReadable && how.next === 'exact' && how.total === 'absent' && how.pageSize <= 50;
  return isReadable && (how.next === 'exact' || (how.next === 'absent' && how.pageSize === 50));
}

const uncounted = { next: 'absent', total: 'absent' } as const;
const codes = ({ ids, fault }: Reading) => [ids.length, fault?.code];

describe('a list', () => {
  it('has every record once or ends with a problem, however the portal pages', async () => {
    let complete = 0;
    await fc.assert(
      fc.asyncProperty(portal, request, async ([drawn, all], given) => {
        const how = { ...drawn, ...idNameOf(given.method) };
        const limit = all[given.above ?? 0]?.id ?? 7n;
        const { ids, fault } = await read(new PagingPortal(all, how), given.method, paramsOf(given, how.idName, limit));
        if (!fault) expect(ids).toEqual(oracle(all, how, given, limit));
        if (how.select === 'taken' && how.idAs !== 'number') expect(ids).toEqual([...new Set(ids)]);
        if (isUsual(how, all)) expect(fault).toBeUndefined();
        if (!fault) complete++;
      }),
      { numRuns: 3000 },
    );
    expect(complete).toBeGreaterThan(400);
  });

  it('that is read by id has every record that exists all the time, whatever is added and removed meanwhile', async () => {
    const change = fc.record({ page: fc.nat(8), at: fc.nat(300), adds: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 300 }),
        fc.array(change, { maxLength: 12 }),
        async (count, changes) => {
          const all = recordsTo(count).map((it) => ({ ...it, id: it.id * 2n }));
          const changing = new PagingPortal(all);
          const removed = changes.filter(({ adds }) => !adds).map(({ at }) => all[at]?.id);
          changing.beforePage = (pages) => {
            for (const { page, at, adds } of changes) {
              if (page !== pages) continue;
              if (adds) changing.records = [...changing.records, { id: BigInt(at) * 2n + 1n, stage: 'NEW' }];
              else changing.records = changing.records.filter(({ id }) => id !== all[at]?.id);
            }
          };
          const unique = changes.every(
            ({ at, adds }, i) => !adds || changes.findIndex((it) => it.adds && it.at === at) === i,
          );
          fc.pre(unique);
          const { ids, fault } = await read(changing, 'crm.deal.list');
          expect(fault).toBeUndefined();
          expect(ids).toEqual([...new Set(ids)]);
          const lasting = all.filter(({ id }) => !removed.includes(id));
          expect(lasting.filter(({ id }) => !ids.includes(`${id}`))).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each([
    ['crm.deal.list', { filter: { '>ID': 100 } }, 101],
    ['crm.deal.list', { filter: { '>ID': '100' } }, 101],
    ['crm.deal.list', { filter: { '>=ID': 100 } }, 100],
    ['crm.deal.list', { FILTER: { '>id': 100 } }, 101],
    ['crm.deal.list', { filter: { '>ID': 90, '>=id': 101 } }, 101],
    ['crm.deal.list', { Filter: { '>ID': 100 }, order: [], SELECT: { 0: 'STAGE_ID' } }, 101],
    ['crm.item.list', { filter: { '>id': 100 } }, 101],
    ['crm.item.list', { filter: { '>ID': 100 }, select: ['stageId'] }, 101],
    ['CRM.Deal.List', { filter: { '>ID': 100 } }, 101],
  ])('of %s with %j starts at id %d', async (method, params, first) => {
    const how = { ...usualStyle, ...idNameOf(method.toLowerCase()) };
    const { ids, fault } = await read(new PagingPortal(recordsTo(230), how), method, params);
    expect(fault).toBeUndefined();
    expect(ids).toEqual(idsOf(recordsTo(231 - first, BigInt(first))));
  });

  it.each([
    ['is no whole number', { filter: { '>ID': 'many' } }],
    ['is joined by OR', { filter: { LOGIC: 'OR', '>ID': 5, STAGE_ID: 'NEW' } }],
    ['is no map', { filter: 'ID' }],
  ])('goes to the portal as it is, page by page, where a lower limit or filter %s', async (_why, params) => {
    const offset = new PagingPortal([]);
    await read(offset, 'crm.deal.list', params);
    expect(offset.commands.map((command) => command.params)).toEqual([{ ...params, start: 0 }]);
  });

  it.each([
    [{ ORDER: { ID: 'DESC' }, FILTER: { STAGE_ID: 'NEW' }, SELECT: ['TITLE'] }],
    [{ order: { ID: 'DESC' }, filter: { STAGE_ID: 'NEW' }, select: ['TITLE', 'ID'] }],
  ])('with an order of its own is read by offset, with the parameters in lower case: %j', async (params) => {
    const offset = new PagingPortal(recordsTo(230));
    const { ids, fault } = await read(offset, 'crm.deal.list', params);
    expect([ids.length, fault]).toEqual([115, undefined]);
    const [first] = offset.commands;
    expect(first?.params).toEqual({
      order: { ID: 'DESC' },
      filter: { STAGE_ID: 'NEW' },
      select: ['TITLE', 'ID'],
      start: 0,
    });
  });

  it('that is no CRM list has its parameters as the caller wrote them', async () => {
    const offset = new PagingPortal(recordsTo(70));
    const params = { FILTER: { STAGE_ID: 'NEW' }, Select: ['TITLE'] };
    await read(offset, 'user.get', params);
    expect(offset.commands[0]?.params).toEqual({ ...params, start: 0 });
  });

  it.each([
    [{ filter: {}, FILTER: {} }, 'params.filter'],
    [{ PARAMS: { NAV_PARAMS: { nPageSize: 10 } } }, 'params.NAV_PARAMS'],
    [{ 0: 1, 1: { nPageSize: 10 } }, 'params.nPageSize'],
  ])('is refused before anything is sent for %j', async (params, path) => {
    const unused = new PagingPortal([]);
    const { fault } = await read(unused, 'crm.deal.list', params);
    expect([fault?.code, fault?.errors?.[0]?.path, unused.commands.length]).toEqual(['invalid_request', path, 0]);
  });

  const strange: [string, Partial<PagingStyle>, string, number, number, string][] = [
    ['filter by id is ignored', { idFilter: 'ignored' }, 'crm.deal.list', 230, 50, 'after id 50'],
    ['filter by id is ignored and the page is short', { idFilter: 'ignored' }, 'crm.deal.list', 30, 30, 'after id 30'],
    ['order by id is ignored', { order: 'ignored' }, 'crm.deal.list', 230, 0, 'after id 230'],
    ['`start` is ignored', { start: 'ignored' }, 'user.get', 500, 50, 'at start 50'],
    ['`start` is ignored, without counts', { ...uncounted, start: 'ignored' }, 'user.get', 500, 50, 'at start 50'],
    ['`next` does not change', { next: 'fixed', total: 'absent' }, 'user.get', 500, 100, 'next 50'],
    ['`next` does not grow', { next: 'same', total: 'absent' }, 'user.get', 500, 50, 'next 0'],
    ['`next` never ends', { next: 'endless', total: 'absent' }, 'user.get', 120, 120, 'start 150'],
    [
      'pages repeat and have no ids',
      { select: 'without id', start: 'ignored', next: 'endless', total: 'absent' },
      'user.get',
      500,
      50,
      'at start 50',
    ],
    ['full page has no `next` and no ids', { ...uncounted, select: 'without id' }, 'user.get', 130, 50, 'nor ids'],
    ['pages are smaller, without `next`', { next: 'absent', pageSize: 20 }, 'user.get', 130, 20, 'counts 130'],
  ];
  it.each(strange)('whose %s ends with a problem', async (_what, how, method, count, before, position) => {
    const reading = await read(new PagingPortal(recordsTo(count), { ...usualStyle, ...how }), method);
    expect(codes(reading)).toEqual([before, 'list_not_walkable']);
    expect(reading.fault?.message).toContain(position);
  });

  it.each([
    ['neither `next` nor a total', uncounted, 130],
    ['no `next`', { next: 'absent' }, 130],
    ['a total on its first page only', { total: 'first page only' }, 730],
    ['larger pages', { pageSize: 100 }, 230],
    ['no paging and fewer records than a page', { ...uncounted, start: 'ignored' }, 30],
    ['no paging and a total', { start: 'ignored', next: 'absent', pageSize: 200 }, 150],
    ['no `result`', { hasNoResult: true, key: 'vats' }, 130],
  ] as [string, Partial<PagingStyle>, number][])('with %s is complete', async (_what, how, count) => {
    const reading = await read(new PagingPortal(recordsTo(count), { ...usualStyle, ...how }), 'user.get');
    expect(reading).toEqual({ ids: idsOf(recordsTo(count)) });
  });

  it('that is read by offset ends with a problem when its total changes or a record moves to a later page', async () => {
    const shrinking = new PagingPortal(recordsTo(130));
    shrinking.beforePage = () => (shrinking.records = shrinking.records.slice(1));
    expect(codes(await read(shrinking, 'user.get'))).toEqual([50, 'list_changed']);
    const growing = new PagingPortal(recordsTo(130, 1000n), { ...usualStyle, total: 'absent' });
    growing.beforePage = (pages) => (growing.records = [...recordsTo(1, 999n - BigInt(pages)), ...growing.records]);
    expect(codes(await read(growing, 'user.get'))).toEqual([50, 'list_changed']);
  });

  it.each([
    ['a text', 'ok'],
    ['true', true],
    ['nothing', null],
    ['a map without arrays', { item: { ID: 1 } }],
    ['several arrays', { users: [{ ID: 1 }], files: [{ ID: 2 }] }],
    ['one record with a list in it', { ID: '5', PHONE: [{ VALUE: '1' }] }],
    ['values that are no records', { options: ['a', 'b'] }],
    ['errors only', { status: 'error', errors: [{ message: 'no' }] }],
  ])('is refused where the method returns %s', async (_what, value) => {
    const one = { ok: true, value, timing: { queueMs: 0, upstreamMs: 1 } } as const;
    const reading = await first({ method: 'crm.deal.get', params: {} }, () => Promise.resolve(one));
    expect(reading).toMatchObject({ code: 'invalid_request', errors: [{ path: 'method' }] });
  });

  it('may be the data of an envelope that has no `result`', async () => {
    const value = { status: 'success', data: { rows: [{ ID: 1 }] }, errors: [] };
    const one = { ok: true, value, whole: true, total: 1, timing: { queueMs: 0, upstreamMs: 1 } } as const;
    expect(await first({ method: 'main.list', params: {} }, () => Promise.resolve(one))).toEqual([{ ID: 1 }]);
  });

  it.each([
    [20, {}, undefined],
    [50, {}, 'list_not_walkable'],
    [20, { total: 45 }, 'list_not_walkable'],
    [20, { next: 50 }, 'list_not_walkable'],
    [120, { total: 120 }, undefined],
  ])('with parameters by position and %d records beside %j is one page', async (count, counts, code) => {
    const sent: unknown[] = [];
    const value = recordsTo(count).map(({ id }) => ({ ID: `${id}` }));
    const pages = readPages({ method: 'task.elapseditem.getlist', params: { 0: 7, 1: { ID: 'asc' } } }, (command) => {
      sent.push(command.params);
      return Promise.resolve({ ok: true, value, ...counts, timing: { queueMs: 0, upstreamMs: 1 } });
    });
    expect((await pages.next()).value).toHaveLength(count);
    const fault = await pages.next().catch((error: unknown) => (error as Fault).code);
    expect(fault).toEqual(code ?? { done: true, value: undefined });
    expect(sent).toEqual([{ 0: 7, 1: { ID: 'asc' } }]);
  });

  it('is read by id where the method filters by a name of the id that its records do not have', async () => {
    const how = { ...usualStyle, idName: 'id', filterIdName: 'ID', key: 'tasks' } as const;
    const tasks = new PagingPortal(recordsTo(230), how);
    const params = { Filter: { '>id': 20, STAGE_ID: 'NEW' }, select: ['STAGE_ID'] };
    const { ids, fault } = await read(tasks, 'tasks.task.list', params);
    expect(fault).toBeUndefined();
    expect(ids).toEqual(idsOf(recordsTo(230).filter(({ id, stage }) => id > 20n && stage === 'NEW')));
    expect(tasks.commands[0]?.params).toEqual({
      select: ['STAGE_ID', 'ID'],
      order: { ID: 'ASC' },
      filter: { STAGE_ID: 'NEW', '>ID': '20' },
      start: -1,
    });
  });

  it('has the records under the documented key, where the result has other arrays too', async () => {
    const value = { tasks: [{ id: 1 }, { id: 2 }], errors: [], hidden: [{ id: 9 }] };
    const one = { ok: true, value, total: 2, timing: { queueMs: 0, upstreamMs: 1 } } as const;
    const order = { TITLE: 'asc' };
    const rows = await first({ method: 'tasks.task.list', params: { order } }, () => Promise.resolve(one));
    expect(rows).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it('is refused before anything is sent where the method has no parameter that chooses the next page', async () => {
    const unused = new PagingPortal([]);
    const { fault } = await read(unused, 'ai.engine.list', { filter: {} });
    expect([fault?.code, unused.commands.length]).toEqual(['list_not_walkable', 0]);
    expect(fault?.message).toContain('by `limit`, not by `start`');
  });

  it.each([
    ['comes in one answer', 'calendar.resource.list', { start: 'ignored', next: 'absent', total: 'absent' }, 40, 1],
    ['comes in one answer of 60', 'calendar.resource.list', { pageSize: 60, next: 'absent', total: 'absent' }, 60, 1],
    ['is paged all the same', 'calendar.resource.list', {}, 120, 4],
  ] as [string, string, Partial<PagingStyle>, number, number][])(
    'that is documented to come in one answer %s',
    async (_how, method, how, count, requests) => {
      const portal = new PagingPortal(recordsTo(count), { ...usualStyle, ...how });
      const { ids, fault } = await read(portal, method);
      expect([ids.length, fault, portal.commands.length]).toEqual([count, undefined, requests]);
    },
  );

  it.each([
    ['the result', { 7: { id: 7 }, 9: { id: 9 } }],
    ['a key of the result', { templates: { 7: { id: 7 }, 9: { id: 9 } } }],
    ['a key beside a map of names', { templates: { 7: { id: 7 }, 9: { id: 9 } }, names: { a: { id: 1 } } }],
  ])('has the records of a map by number in %s', async (_where, value) => {
    const one = { ok: true, value, total: 2, timing: { queueMs: 0, upstreamMs: 1 } } as const;
    const rows = await first({ method: 'documentgenerator.template.list', params: {} }, () => Promise.resolve(one));
    expect(rows).toEqual([{ id: 7 }, { id: 9 }]);
  });

  it('is one page where the method takes parameters by position, though they have names', async () => {
    const items = new PagingPortal(recordsTo(20), { ...usualStyle, next: 'absent' });
    const { ids, fault } = await read(items, 'task.item.list', { ORDER: { ID: 'asc' } });
    expect([ids.length, fault]).toEqual([20, undefined]);
    expect(items.commands.map(({ params }) => params)).toEqual([{ ORDER: { ID: 'asc' } }]);
  });
});
