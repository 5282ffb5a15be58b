import type { RecentProblem } from './api-types';

export interface Grouped extends RecentProblem {
  readonly times: number;
}

/** Problems that are one: the same caller, method and code. The newest is told, with how many there were. */
export function grouped(problems: readonly RecentProblem[]): Grouped[] {
  const groups = new Map<string, Grouped>();
  for (const problem of problems) {
    const name = `${problem.method} ${problem.code} ${problem.caller}`;
    const group = groups.get(name);
    groups.set(name, group ? { ...group, times: group.times + 1 } : { ...problem, times: 1 });
  }
  return [...groups.values()];
}
