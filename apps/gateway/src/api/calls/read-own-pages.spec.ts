import { type Answer, type Command, Fault } from '@b24/portal';
import { readPages } from './lists';
import type { ListSend } from './list-rows';

const read = async (send: ListSend, method: string, params: object) => {
  const ids: unknown[] = [];
  try {
    for await (const rows of readPages({ method, params: { ...params } }, send)) ids.push(...rows.map(({ id }) => id));
    return { ids };
  } catch (error) {
    return { ids, fault: error as Fault };
  }
};

describe('a list whose method pages by a parameter of its own', () => {
  type AnsweredRows = Readonly<{ rows: number; from?: number; total?: number }>;
  /** A portal with these pages, one after another. */
  const portalOf = (...pages: AnsweredRows[]) => {
    const sent: unknown[] = [];
    const answer = ({ params }: Command): Promise<Answer> => {
      const { rows, from = (sent.length - 1) * 50, total } = pages[sent.push(params) - 1] ?? { rows: 0 };
      const value = Array.from({ length: rows }, (_, i) => ({ id: from + i + 1 }));
      return Promise.resolve({ ok: true, value, ...(total && { total }), timing: { queueMs: 0, upstreamMs: 1 } });
    };
    return { answer, sent };
  };
  const readFrom = async (method: string, ...pages: AnsweredRows[]) => {
    const { answer, sent } = portalOf(...pages);
    return { ...(await read(answer, method, { FIND: 'a' })), sent };
  };

  it('is read by the number of the page', async () => {
    const { ids, fault, sent } = await readFrom('biconnector.source.list', { rows: 50 }, { rows: 20 });
    expect([ids.length, fault]).toEqual([70, undefined]);
    expect(sent).toEqual([1, 2, 3].map((page) => ({ FIND: 'a', page })));
  });

  it('is read by the number of records before the page', async () => {
    const { ids, fault, sent } = await readFrom(
      'im.search.chat.list',
      { rows: 50, total: 70 },
      { rows: 20, total: 70 },
    );
    expect([ids.length, fault]).toEqual([70, undefined]);
    expect(sent).toEqual([0, 50, 70].map((OFFSET) => ({ FIND: 'a', OFFSET, LIMIT: 50 })));
  });

  it.each([
    ['its position is ignored', 'biconnector.source.list', [{ rows: 50 }, { rows: 50, from: 0 }], 'ignores `page`', 50],
    ['more records follow a short page', 'im.search.chat.list', [{ rows: 20 }, { rows: 50 }], 'but more follow', 20],
    ['its pages overlap', 'im.search.chat.list', [{ rows: 50 }, { rows: 50, from: 49 }], 'with id 50', 50],
    ['the portal counts more', 'im.search.chat.list', [{ rows: 9 }, { rows: 0, total: 10 }], 'counts 10', 9],
  ] as [string, string, AnsweredRows[], string, number][])(
    'ends with a problem where %s',
    async (_why, method, pages, why, count) => {
      const { ids, fault } = await readFrom(method, ...pages);
      expect([ids.length, fault?.message]).toEqual([count, expect.stringContaining(why)]);
    },
  );

  it('takes neither its position nor its size from the caller', async () => {
    const given = (method: string, params: object) => read(portalOf().answer, method, params);
    const named = [
      given('im.search.chat.list', { offset: 5 }),
      given('im.search.chat.list', { LIMIT: 5 }),
      given('biconnector.source.list', { page: 2 }),
    ];
    for (const { fault } of await Promise.all(named)) expect(fault?.code).toBe('invalid_request');
  });
});
