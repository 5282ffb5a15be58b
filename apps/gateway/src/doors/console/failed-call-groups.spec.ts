import { maxGroups, mergeGroups, type FailedCall, type FailedCallGroup, FailedCallGroups } from './failed-call-groups';

const problem = (more: Partial<FailedCall> = {}): FailedCall => ({
  atMs: 1,
  method: 'm',
  code: 'backlog_not_found',
  title: 'No such backlog',
  detail: 'Check the id.',
  caller: 'planning',
  ...more,
});
const groupsOf = (...problems: FailedCall[]) => {
  const groups = new FailedCallGroups();
  for (const it of problems) groups.add(it);
  return groups.all;
};
const idsOf = ({ requests }: FailedCallGroup) => requests.map(({ id }) => id);

describe('problems of one portal are one group', () => {
  it.each<[string, Partial<FailedCall>, number]>([
    ['when method, code and caller are the same', {}, 1],
    ['also when title and detail differ', { title: 'T', detail: 'D' }, 1],
    ['not when the method differs', { method: 'n' }, 2],
    ['not when the code differs', { code: 'portal_error' }, 2],
    ['not when the caller differs', { caller: 'reports' }, 2],
  ])('%s', (_, difference, groups) => {
    expect(groupsOf(problem(), problem(difference))).toHaveLength(groups);
  });
});

it('problems are two groups when the same words stand in different fields', () => {
  const groups = groupsOf(
    problem({ method: 'm', caller: 'backlog_not_found planning' }),
    problem({ method: 'm backlog_not_found', caller: 'planning' }),
  );
  expect(groups).toHaveLength(2);
});

it('a group has the exact count, the first and last time, the latest texts and the last five requests', () => {
  const flood = Array.from({ length: 45 }, (_, i) => problem({ atMs: 100 + i, requestId: `r${i}`, detail: `d${i}` }));
  const [group, ...others] = groupsOf(...flood);
  expect(group).toMatchObject({ count: 45, firstAtMs: 100, lastAtMs: 144, detail: 'd44' });
  expect(group && idsOf(group)).toEqual(['r44', 'r43', 'r42', 'r41', 'r40']);
  expect(others).toEqual([]);
});

it('a flood of one kind drops no other kind', () => {
  const flood = Array.from({ length: 1000 }, (_, i) => problem({ atMs: 10 + i }));
  const groups = groupsOf(problem({ method: 'rare' }), ...flood);
  expect(groups.map(({ method, count }) => [method, count])).toEqual([
    ['m', 1000],
    ['rare', 1],
  ]);
});

it('the kind that has not occurred for longest is dropped when there are too many', () => {
  const kinds = Array.from({ length: maxGroups }, (_, i) => problem({ method: `k${i}`, atMs: i }));
  const groups = groupsOf(...kinds, problem({ method: 'k0', atMs: 50 }), problem({ method: 'new', atMs: 51 }));
  const methods = groups.map(({ method }) => method);
  expect(methods).toHaveLength(maxGroups);
  expect(methods.slice(0, 2)).toEqual(['new', 'k0']);
  expect(methods).not.toContain('k1');
});

it('a problem without a request id is counted, and long texts are cut', () => {
  const [group] = groupsOf(problem({ requestId: 'r1' }), problem({ detail: 'x'.repeat(100_000) }));
  expect([group?.count, group && idsOf(group), group?.detail.length]).toEqual([2, ['r1'], 500]);
});

describe('the groups of several replicas', () => {
  const group = (more: Partial<FailedCallGroup> = {}): FailedCallGroup => ({
    method: 'm',
    code: 'backlog_not_found',
    title: 't',
    detail: 'd',
    caller: 'planning',
    count: 1,
    firstAtMs: 10,
    lastAtMs: 10,
    requests: [],
    ...more,
  });
  const shortly = (groups: readonly FailedCallGroup[]) =>
    groups.map(({ method, count, firstAtMs, lastAtMs }) => [method, count, firstAtMs, lastAtMs]);

  it.each<[string, FailedCallGroup[][], unknown[][]]>([
    ['of no replica are none', [], []],
    ['of one replica are unchanged', [[group({ count: 3 })]], [['m', 3, 10, 10]]],
    ['of which one has none are those of the other', [[], [group()]], [['m', 1, 10, 10]]],
    [
      'add up their counts, from the first to the last time of all',
      [
        [group({ count: 40, firstAtMs: 20, lastAtMs: 90 })],
        [group({ count: 5, firstAtMs: 10, lastAtMs: 30 })],
        [group({ count: 1, firstAtMs: 95, lastAtMs: 95 })],
      ],
      [['m', 46, 10, 95]],
    ],
    [
      'are sorted by their last problem, newest first',
      [
        [group({ method: 'a', lastAtMs: 30 }), group({ method: 'b', lastAtMs: 10 })],
        [group({ method: 'c', lastAtMs: 20 })],
      ],
      [
        ['a', 1, 10, 30],
        ['c', 1, 10, 20],
        ['b', 1, 10, 10],
      ],
    ],
  ])('%s', (_, lists, merged) => {
    expect(shortly(mergeGroups(lists))).toEqual(merged);
  });

  it.each([
    ['in one order', false],
    ['in the other', true],
  ])('have the texts and requests of the last problem, merged %s', (_, isReversed) => {
    const requests = (...times: number[]) => times.map((atMs) => ({ id: `r${atMs}`, atMs }));
    const lists = [
      [group({ detail: 'old', lastAtMs: 30, requests: requests(30, 28, 20) })],
      [group({ detail: 'new', lastAtMs: 31, requests: requests(31, 29, 27) })],
    ];
    const [merged] = mergeGroups(isReversed ? lists.reverse() : lists);
    expect(merged?.detail).toBe('new');
    expect(merged && idsOf(merged)).toEqual(['r31', 'r30', 'r29', 'r28', 'r27']);
  });

  it('are at most as many as a page shows, those with the newest problems', () => {
    const list = (prefix: string, from: number) =>
      Array.from({ length: maxGroups }, (_, i) => group({ method: `${prefix}${i}`, lastAtMs: from + i }));
    const methods = mergeGroups([list('old', 0), list('new', 100)]).map(({ method }) => method);
    expect(methods).toHaveLength(maxGroups);
    expect(methods.filter((it) => it.startsWith('new'))).toHaveLength(maxGroups);
  });
});
