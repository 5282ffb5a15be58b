import { useCallback, useEffect, useState } from 'preact/hooks';
import { type Problem, problemOf } from './api';

export interface Asked<T> {
  readonly data: T | undefined;
  readonly problem: Problem | undefined;
  /** Asks again; what is shown stays until the answer is there. */
  readonly again: () => void;
}

/** What the gateway says to a question, asked when the page opens and whenever `about` changes. */
export function useAsked<T>(question: (signal: AbortSignal) => Promise<T>, about: readonly unknown[]): Asked<T> {
  const [state, setState] = useState<{ data?: T; problem?: Problem }>({});
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
  const again = useCallback(() => {
    setTurn((it) => it + 1);
  }, []);
  return { data: state.data, problem: state.problem, again };
}

/** A button's work: busy while it runs, its problem when it failed. */
export function useWork(): {
  busy: boolean;
  problem: Problem | undefined;
  run: (work: () => Promise<void>) => void;
  clear: () => void;
} {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
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
