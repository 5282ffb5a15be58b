import { Secret } from '@b24/portal';

/** An HTTP proxy through which connections leave the network. */
export interface OutgoingProxy {
  /** Such as `http://proxy.corp.example:3128`; holds no credentials. */
  readonly origin: string;
  /** The value of `Proxy-Authorization`. */
  readonly authorization?: Secret;
}

/**
 * Reads a proxy's URL; one without a scheme is http. The user's name and password are percent-encoded in it.
 * @throws Error whose message does not repeat the URL, which may hold a password
 */
export function parseProxyUrl(text: string): OutgoingProxy {
  const full = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || `${url.pathname}${url.search}${url.hash}` !== '/')
    throw new Error('not the URL of an HTTP proxy');
  const { origin, username, password } = url;
  if (username === '') return { origin };
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { origin, authorization: new Secret(`Basic ${Buffer.from(login).toString('base64')}`) };
}
