import type { ProblemGroup } from './api-types';
import { afterEvent, newOf, nothingSeen, type ProblemEvent, type ProblemView } from './problem-view';

const keyOf = (method: string) => JSON.stringify([method, 'c', 'planning']);
const group = (method: string, count = 1): ProblemGroup => ({
  method,
  code: 'c',
  title: 't',
  detail: `${method} ${count}`,
  caller: 'planning',
  count,
  firstAtMs: 1,
  lastAtMs: count,
  requests: [],
});
/** `a1 b2`: the kind a once, the kind b twice. */
const reported = (words: string): ProblemEvent => ({
  kind: 'reported',
  groups: words.split(' ').flatMap((it) => (it === '' ? [] : group(it.slice(0, 1), Number(it.slice(1))))),
});
const unknown: ProblemEvent = { kind: 'reported', groups: undefined };
const opens = (method: string): ProblemEvent => ({ kind: 'toggled', key: keyOf(method), isOpen: true });
const closes = (method: string): ProblemEvent => ({ kind: 'toggled', key: keyOf(method), isOpen: false });
const pointer = (isInside: boolean): ProblemEvent => ({ kind: 'pointer', isInside });
const focus = (isInside: boolean): ProblemEvent => ({ kind: 'focus', isInside });
const wanted: ProblemEvent = { kind: 'new-wanted' };

const after = (...events: ProblemEvent[]): ProblemView => events.reduce(afterEvent, nothingSeen);
const rowsOf = ({ rows }: ProblemView) => rows.map(({ group: { method, count } }) => `${method}${count}`).join(' ');
const freshOf = (view: ProblemView) =>
  newOf(view)
    .map(({ method }) => method)
    .join(' ');

describe('the list of problems', () => {
  it.each<[string, ProblemEvent[], string, string]>([
    ['begins in the order that was reported', [reported('b1 a1')], 'b1 a1', ''],
    ['keeps its order, whatever happened last', [reported('b1 a1'), reported('a2 b1')], 'b1 a2', ''],
    ['takes a new kind at its end', [reported('b1'), reported('c1 b1'), reported('b2 c1')], 'b2 c1', ''],
    ['lets go of a kind that is reported no more', [reported('a1 b1'), reported('b1')], 'b1', ''],
    ['stays as it is while nothing is known', [reported('a1'), unknown], 'a1', ''],
    ['is empty once nothing is reported', [reported('a1'), reported('')], '', ''],

    ['holds new kinds back while a row is open', [reported('a1'), opens('a'), reported('c1 b1 a2')], 'a2', 'c b'],
    ['holds them back while the pointer is on it', [reported('a1'), pointer(true), reported('b1 a2')], 'a2', 'b'],
    ['holds them back while the focus is in it', [reported('a1'), focus(true), reported('b1 a2')], 'a2', 'b'],
    ['has nothing to hold back for before its first row', [pointer(true), focus(true), reported('a1')], 'a1', ''],
    ['shows what it held back when asked', [reported('a1'), opens('a'), reported('b1 a2'), wanted], 'a2 b1', ''],
    [
      'holds back again what comes after that',
      [reported('a1'), opens('a'), reported('b1 a2'), wanted, reported('c1 b1 a2')],
      'a2 b1',
      'c',
    ],
    [
      'shows what it held back once nobody reads',
      [reported('a1'), pointer(true), opens('a'), reported('b1 a2'), closes('a'), pointer(false)],
      'a2 b1',
      '',
    ],
    [
      'goes on holding back while one of two rows is open',
      [reported('a1 b1'), opens('a'), opens('b'), reported('c1 a1 b1'), closes('a')],
      'a1 b1',
      'c',
    ],
    [
      'goes on holding back when the pointer leaves and a row is open',
      [reported('a1'), pointer(true), opens('a'), reported('b1 a1'), pointer(false)],
      'a1',
      'b',
    ],

    ['keeps an opened row that is reported no more', [reported('a1 b1'), opens('b'), reported('c1')], 'a1 b1', 'c'],
    ['keeps every row while it is read', [reported('a1 b1'), pointer(true), reported('')], 'a1 b1', ''],
    ['lets go of it when it is closed', [reported('a1 b1'), opens('b'), reported('c1'), closes('b')], 'c1', ''],
  ])('%s', (_, events, rows, fresh) => {
    const view = after(...events);
    expect([rowsOf(view), freshOf(view)]).toEqual([rows, fresh]);
  });

  it('shows in an opened row what was there when it was opened, and counts on above it', () => {
    const open = after(reported('a1'), opens('a'), reported('a2'), reported('a3'));
    expect(open.rows.map(({ group: now, body }) => [now.count, body.detail])).toEqual([[3, 'a 1']]);
    const closed = afterEvent(open, closes('a'));
    expect(closed.rows.map(({ body }) => body.detail)).toEqual(['a 3']);
  });
});
