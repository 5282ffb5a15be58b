import { grouped } from './grouped';

it('problems of one caller, method and code are one, told as the newest', () => {
  const problem = { method: 'm', code: 'c', title: 't', detail: 'd', caller: 'a' };
  const told = grouped([
    { ...problem, atMs: 3 },
    { ...problem, atMs: 2, caller: 'b' },
    { ...problem, atMs: 1 },
  ]);
  expect(told.map(({ atMs, caller, times }) => [atMs, caller, times])).toEqual([
    [3, 'a', 2],
    [2, 'b', 1],
  ]);
});
