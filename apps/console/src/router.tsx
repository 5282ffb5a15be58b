import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';

const base = '/console';
const moved = new EventTarget();

/** The path below /console, always with a slash in front. */
function here(): string {
  return location.pathname.slice(base.length).replace(/\/$/, '') || '/';
}

export function go(path: string, { replace = false } = {}): void {
  history[replace ? 'replaceState' : 'pushState'](null, '', base + (path === '/' ? '' : path));
  moved.dispatchEvent(new Event('moved'));
}

export function usePath(): string {
  const [path, setPath] = useState(here);
  useEffect(() => {
    const look = () => {
      setPath(here());
    };
    moved.addEventListener('moved', look);
    addEventListener('popstate', look);
    return () => {
      moved.removeEventListener('moved', look);
      removeEventListener('popstate', look);
    };
  }, []);
  return path;
}

type QueryUpdate<T> = (change: (before: T) => T) => void;

/** Texts that the address holds, so that a link leads to the same view. Those that are as in `none` are left out. */
export function useQuery<T extends Readonly<Record<keyof T, string>>>(none: T): [T, QueryUpdate<T>] {
  const [values, setValues] = useState<T>(() => fromQuery(none, new URLSearchParams(location.search)));
  const update: QueryUpdate<T> = (change) => {
    setValues((before) => {
      const after = change(before);
      const changed = Object.entries<string>(after).filter(([name, value]) => value !== none[name as keyof T]);
      const query = new URLSearchParams(changed).toString();
      history.replaceState(null, '', location.pathname + (query && `?${query}`));
      return after;
    });
  };
  return [values, update];
}

function fromQuery<T extends Readonly<Record<keyof T, string>>>(none: T, query: URLSearchParams): T {
  const entries = Object.entries<string>(none).map(([name, value]) => [name, query.get(name) ?? value]);
  return Object.fromEntries(entries) as T;
}

interface LinkProps {
  readonly to: string;
  readonly class?: string;
  readonly 'aria-current'?: 'page';
  readonly children: ComponentChildren;
}

/** A link that stays in the console; a middle click opens a tab as of any link. */
export function Link({ to, children, ...rest }: LinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to);
  };
  return (
    <a {...rest} href={base + (to === '/' ? '' : to)} onClick={follow}>
      {children}
    </a>
  );
}
