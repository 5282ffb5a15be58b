const base = '/console';
const maxLetters = 1000;

/** Returns the page of the console to open after a sign-in. Anything that is not one is the first page. */
export function returnPath(wanted: string | undefined): string {
  if (wanted === undefined || wanted.length > maxLetters || !URL.canParse(wanted, origin)) return base;
  const { origin: named, pathname, search } = new URL(wanted, origin);
  const isPage = pathname === base || pathname.startsWith(`${base}/`);
  return named === origin && isPage && !pathname.startsWith(`${base}/sign-in`) ? pathname + search : base;
}

/** Stands for this gateway, so that a path can be resolved as a browser does. */
const origin = 'https://gateway.invalid';
