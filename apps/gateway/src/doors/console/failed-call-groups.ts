import type { FaultCode } from '@b24/portal';

/** Maximum groups of a portal. */
export const maxGroups = 20;
/** Requests listed with a group; enough to look one up in the log. */
const maxRequests = 5;
/** Maximum characters of a text, because a portal's errors can be long. */
const maxTextLength = 500;

/** A failed call as an operator sees it, without secrets and parameters. */
export interface FailedCall {
  readonly atMs: number;
  readonly method: string;
  readonly code: FaultCode;
  readonly title: string;
  readonly detail: string;
  /** The name of the client that called. */
  readonly caller: string;
  readonly requestId?: string;
}

/** All problems of one method, code and caller. Title and detail are those of the last problem. */
export interface FailedCallGroup extends Omit<FailedCall, 'atMs' | 'requestId'> {
  /** Problems from `firstAtMs` to `lastAtMs`, both included. */
  readonly count: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  /** The last requests that failed in this way, newest first. */
  readonly requests: readonly { readonly id: string; readonly atMs: number }[];
}

/**
 * Groups the problems of one portal on one replica by kind. Memory is bounded by the number of kinds, not of problems.
 */
export class FailedCallGroups {
  /** In the order of their last problem, oldest first. */
  private readonly groups = new Map<string, FailedCallGroup>();

  add({ atMs, requestId, title, detail, ...kind }: FailedCall): void {
    const key = keyOf(kind);
    const earlier = this.groups.get(key);
    this.groups.delete(key);
    const requests = requestId === undefined ? [] : [{ id: requestId, atMs }];
    this.groups.set(key, {
      ...kind,
      title: title.slice(0, maxTextLength),
      detail: detail.slice(0, maxTextLength),
      count: (earlier?.count ?? 0) + 1,
      firstAtMs: earlier?.firstAtMs ?? atMs,
      lastAtMs: atMs,
      requests: [...requests, ...(earlier?.requests ?? [])].slice(0, maxRequests),
    });
    const [leastRecent] = this.groups.keys();
    if (this.groups.size > maxGroups && leastRecent !== undefined) this.groups.delete(leastRecent);
  }

  /** The groups, newest last problem first. */
  get all(): FailedCallGroup[] {
    return [...this.groups.values()].reverse();
  }
}

/** Merges the groups of several replicas into one list, newest last problem first. */
export function mergeGroups(lists: readonly (readonly FailedCallGroup[])[]): FailedCallGroup[] {
  const merged = new Map<string, FailedCallGroup>();
  for (const group of lists.flat()) {
    const other = merged.get(keyOf(group));
    merged.set(keyOf(group), other ? mergeTwo(other, group) : group);
  }
  return [...merged.values()].sort((a, b) => b.lastAtMs - a.lastAtMs).slice(0, maxGroups);
}

function mergeTwo(a: FailedCallGroup, b: FailedCallGroup): FailedCallGroup {
  const later = a.lastAtMs >= b.lastAtMs ? a : b;
  return {
    ...later,
    count: a.count + b.count,
    firstAtMs: Math.min(a.firstAtMs, b.firstAtMs),
    requests: [...a.requests, ...b.requests].sort((x, y) => y.atMs - x.atMs).slice(0, maxRequests),
  };
}

function keyOf({ method, code, caller }: Pick<FailedCallGroup, 'method' | 'code' | 'caller'>): string {
  return JSON.stringify([method, code, caller]);
}
