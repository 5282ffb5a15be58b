import { useCallback, useEffect, useState } from 'preact/hooks';
import { type ApiProblem, problemOf } from './api';

export interface RequestState<T> {
  readonly data: T | undefined;
  readonly problem: ApiProblem | undefined;
  /** Requests it again; the earlier answer is shown until the new one arrives. */
  readonly reload: () => void;
}

/** Requests something when the page opens and whenever `about` changes. */
export function useRequest<T>(
  question: (signal: AbortSignal) => Promise<T>,
  about: readonly unknown[],
): RequestState<T> {
  const [state, setState] = useState<{ data?: T; problem?: ApiProblem }>({});
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    question(controller.signal).then(
      (data) => {
        if (!controller.signal.aborted) setState({ data });
      },
      (error: unknown) => {
        if (!controller.signal.aborted) setState({ problem: problemOf(error) });
      },
    );
    return () => {
      controller.abort();
    };
  }, [turn, ...about]);
  const reload = useCallback(() => {
    setTurn((it) => it + 1);
  }, []);
  return { data: state.data, problem: state.problem, reload };
}

/** Reloads at this interval while the page is looked at; not at all without an interval. */
export function useReloading(reload: () => void, everyMs: number | undefined): void {
  useEffect(() => {
    if (everyMs === undefined) return undefined;
    const timer = setInterval(() => {
      if (!document.hidden) reload();
    }, everyMs);
    return () => {
      clearInterval(timer);
    };
  }, [reload, everyMs]);
}

/** A button's work: busy while it runs, its problem when it failed. */
export function useWork(): {
  busy: boolean;
  problem: ApiProblem | undefined;
  run: (work: () => Promise<void>) => void;
  clear: () => void;
} {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem>();
  const run = (work: () => Promise<void>) => {
    setBusy(true);
    setProblem(undefined);
    work()
      .catch((error: unknown) => {
        setProblem(problemOf(error));
      })
      .finally(() => {
        setBusy(false);
      });
  };
  return {
    busy,
    problem,
    run,
    clear: () => {
      setProblem(undefined);
    },
  };
}
