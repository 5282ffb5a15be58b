/** What serves files: `download` and `upload`, methods such as `crm.controller.item.getFile`, and older pages. */
const fileEndpoints =
  /^\/rest\/(?:\d+\/\w+\/)?(?:(?:download|upload)(?:\.json)?|[a-z.]+\.getfile)\/?$|^\/bitrix\/components\/[\w.\/-]+\/show_file\.php$/i;

/**
 * Returns the URL of a link if it leads to a file of the portal, as `DOWNLOAD_URL`, `urlMachine` and `uploadUrl` do, at the
 * portal's own origin. Undefined for any other link, which could run a method.
 * @param endpoint where methods of the portal are called
 */
export function fileLink(link: string, endpoint: string): URL | undefined {
  const portal = new URL(endpoint);
  if (link.length > 4000 || link.includes('&amp;') || !URL.canParse(link, portal.href)) return undefined;
  const url = new URL(link, portal);
  if (url.origin !== portal.origin || url.username !== '' || url.password !== '') return undefined;
  return fileEndpoints.test(url.pathname) ? url : undefined;
}

/** Returns whether a file is sent to this link rather than read from it. */
export function isUploadLink({ pathname }: URL): boolean {
  return /\/upload(?:\.json)?\/*$/i.test(pathname);
}
