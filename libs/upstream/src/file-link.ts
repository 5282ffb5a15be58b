const fileEndpoint = /\/(?:download|upload)(?:\.json)?\/*$/i;
const restPath = /^\/rest\//i;

/**
 * Returns the URL of a link if it leads to a file of the portal, as `DOWNLOAD_URL`, `urlMachine` and `uploadUrl` do: at
 * the portal's own origin, to `download` or `upload`, with a `token` of its own, or outside `/rest/`. Undefined for any
 * other link, which could run a method.
 * @param endpoint where methods of the portal are called
 */
export function fileLink(link: string, endpoint: string): URL | undefined {
  const portal = new URL(endpoint);
  if (link.length > 4000 || link.includes('&amp;') || !URL.canParse(link, portal.href)) return undefined;
  const url = new URL(link, portal);
  if (url.origin !== portal.origin || url.username !== '' || url.password !== '') return undefined;
  const isFile = fileEndpoint.test(url.pathname) || url.searchParams.has('token') || !restPath.test(url.pathname);
  return isFile ? url : undefined;
}

/** Returns whether a file is sent to this link rather than read from it. */
export function isUploadLink({ pathname }: URL): boolean {
  return /\/upload(?:\.json)?\/*$/i.test(pathname);
}
