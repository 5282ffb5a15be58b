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
