/*
 * Links of the vendor that let in whoever holds them, whatever token is in them. Its own form:
 * https://apidocs.bitrix24.com/api-reference/disk/file/disk-file-get.html (DOWNLOAD_URL); others are `urlMachine`,
 * `uploadUrl` and `downloadUrl`. An incoming webhook is https://<portal>/rest/<user>/<secret>/.
 */
export const restPath = '/rest/';

const tokenParameter = /[?&;](?:auth|access_token|refresh_token|token)=[^&#]/i;
const accessToken = /[?&;](?:auth|access_token)=[\w.-]{32}/i;
const webhookPath = /^\/rest\/\d{1,10}\/[a-z0-9]{8,64}(?![a-z0-9])/i;
const port = /^:\d{1,5}$/;

/** @param ownHost the portal's host, in lower case and without a port */
export function isTokenLink(word: string, ownHost: string): boolean {
  const rest = word.indexOf(restPath);
  if (rest < 0) return ownHost !== '' && word.toLowerCase().includes(`//${ownHost}`) && accessToken.test(word);
  const path = word.slice(rest);
  if (isOwn(word.slice(0, rest).toLowerCase(), ownHost)) return webhookPath.test(path) || tokenParameter.test(path);
  // Another name of the portal, which may have been renamed or have several: its files only.
  return (path.includes('download') || path.includes('upload')) && tokenParameter.test(path);
}

/** Whether what stands before `/rest/` is the portal's host, or nothing, as in a link without a host. */
function isOwn(before: string, ownHost: string): boolean {
  if (!/[\w.:/-]$/.test(before)) return true;
  const host = ownHost === '' ? -1 : before.lastIndexOf(ownHost);
  const behind = before.slice(host + ownHost.length);
  return host >= 0 && (behind === '' || port.test(behind));
}
