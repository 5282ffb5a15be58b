import { parseCookie, stringifySetCookie } from 'cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Over HTTPS the browser restricts the cookie to this host, this path and HTTPS. Cookies know no ports, so without HTTPS,
 * where several gateways may run on one machine, the name holds it.
 */
function nameOf(publicUrl: string): string {
  const { protocol, port } = new URL(publicUrl);
  if (protocol === 'https:') return '__Host-b24_console';
  return port === '' ? 'b24_console' : `b24_console_${port}`;
}

export function cookieOf({ headers }: FastifyRequest, publicUrl: string): string | undefined {
  return parseCookie(headers.cookie ?? '')[nameOf(publicUrl)];
}

/** Without an id, the browser deletes the cookie. */
export function setCookie(reply: FastifyReply, publicUrl: string, id: string | undefined): void {
  const options = {
    path: '/',
    httpOnly: true,
    sameSite: 'strict',
    secure: publicUrl.startsWith('https:'),
    ...(id === undefined && { maxAge: 0 }),
  } as const;
  void reply.header('Set-Cookie', stringifySetCookie(nameOf(publicUrl), id ?? '', options));
}

/**
 * Returns whether a page of this origin sent the request. A page of another site can set the header only after a CORS
 * preflight, which is never allowed with cookies; the browser's own headers about the sending page must agree.
 */
export function isFromConsole({ headers }: FastifyRequest, publicUrl: string): boolean {
  if (headers['x-console'] !== '1') return false;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return false;
  return headers.origin === undefined || isOwn(headers.origin, headers.host, publicUrl);
}

function isOwn(origin: string, host: string | undefined, publicUrl: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, host: from } = new URL(origin);
  const own = new URL(publicUrl);
  if (own.protocol === 'https:' && protocol !== 'https:') return false;
  return from === own.host || from === host;
}
