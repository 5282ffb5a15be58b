import { useCallback, useEffect, useState } from 'preact/hooks';
import { type ApiProblem, call, problemOf } from './api';
import type { ApiPage } from './api-types';

export interface PagesState<T> {
  /** The items of the pages loaded so far; undefined before the first. */
  readonly items: readonly T[] | undefined;
  /** The cursor of the next page, if there is one. */
  readonly next: string | undefined;
  readonly problem: ApiProblem | undefined;
  /** Appends the next page. */
  readonly more: () => void;
  /** Loads the first page; what was appended goes. */
  readonly reload: () => void;
}

/** Loads a list of the API page by page, and its first page whenever the path or `about` changes. */
export function usePages<T>(path: string, about?: unknown): PagesState<T> {
  const [page, setPage] = useState<{ items?: readonly T[]; next?: string | undefined; problem?: ApiProblem }>({});
  const [turn, setTurn] = useState(0);
  const load = (cursor: string | undefined, signal?: AbortSignal) => {
    const joint = path.includes('?') ? '&' : '?';
    const query = cursor === undefined ? '' : `${joint}cursor=${encodeURIComponent(cursor)}`;
    call<ApiPage<T>>('GET', `${path}${query}`, undefined, signal).then(
      ({ items, nextCursor }) => {
        if (signal?.aborted) return;
        setPage((before) => ({
          items: cursor === undefined ? items : [...(before.items ?? []), ...items],
          next: nextCursor,
        }));
      },
      (error: unknown) => {
        if (!signal?.aborted) setPage((before) => ({ ...before, problem: problemOf(error) }));
      },
    );
  };
  useEffect(() => {
    const controller = new AbortController();
    load(undefined, controller.signal);
    return () => {
      controller.abort();
    };
  }, [path, about, turn]);
  const reload = useCallback(() => {
    setTurn((it) => it + 1);
  }, []);
  const more = () => {
    load(page.next);
  };
  return { items: page.items, next: page.next, problem: page.problem, more, reload };
}
