import { useEffect, useState } from 'preact/hooks';
import { call, type ApiProblem, problemOf } from './api';
import type { ApiPage, Portal } from './api-types';

const atOnce = 200;
/** Fresh enough for statuses that change by the hour; the figures beside them are live. */
const againAfterMs = 30_000;

export interface AllPortals {
  readonly portals: readonly Portal[] | undefined;
  /** Not all of them are here yet. */
  readonly loading: boolean;
  readonly problem: ApiProblem | undefined;
  readonly reload: () => void;
}

/** Every portal this key may see, page by page as they come. */
export function useAllPortals(): AllPortals {
  const [portals, setPortals] = useState<readonly Portal[]>();
  const [loading, setLoading] = useState(true);
  const [problem, setProblem] = useState<ApiProblem>();
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const load = async () => {
      const all: Portal[] = [];
      let cursor: string | undefined;
      do {
        const query = `?limit=${atOnce}${cursor ? `&cursor=${cursor}` : ''}`;
        const page: ApiPage<Portal> = await call<ApiPage<Portal>>('GET', `/v1/portals${query}`, undefined, signal);
        all.push(...page.items);
        cursor = page.nextCursor;
        // The first time, whoever waits sees what there is; later the list changes in one go.
        if (turn === 0) setPortals([...all]);
      } while (cursor);
      setPortals(all);
      setProblem(undefined);
      setLoading(false);
    };
    let timer: number | undefined;
    load()
      .catch((error: unknown) => {
        if (!signal.aborted) setProblem(problemOf(error));
      })
      .finally(() => {
        // Counted from the end: however long it takes, it comes to one.
        if (!signal.aborted) timer = window.setTimeout(later, againAfterMs);
      });
    const later = () => {
      if (document.hidden) timer = window.setTimeout(later, againAfterMs);
      else setTurn((it) => it + 1);
    };
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [turn]);
  return {
    portals,
    loading,
    problem,
    reload: () => {
      setTurn((it) => it + 1);
    },
  };
}

/** The unhealthy ones first, then by name. */
export function inOrder(portals: readonly Portal[], isUnhealthy: (portal: Portal) => boolean): Portal[] {
  const nameOf = ({ alias, domain }: Portal) => alias ?? domain;
  return [...portals].sort(
    (a, b) => Number(isUnhealthy(b)) - Number(isUnhealthy(a)) || nameOf(a).localeCompare(nameOf(b)),
  );
}
