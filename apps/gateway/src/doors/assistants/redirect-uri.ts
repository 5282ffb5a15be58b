/** Loopback hosts, as `URL` writes them, where an app on the person's own machine may listen (RFC 8252, section 7.3). */
const loopbackHosts: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Returns whether a URL is one of this machine. */
function isLoopback({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && loopbackHosts.has(hostname);
}

/**
 * Returns whether codes may be sent to an address: https, or http on a loopback host, without credentials and fragment.
 * A scheme such as `javascript:` would run in the browser that shows our page.
 */
export function isRedirectUri(text: string): boolean {
  if (!/^[\x21-\x7e]+$/.test(text) || !URL.canParse(text)) return false;
  const url = new URL(text);
  if (url.username || url.password || text.includes('#')) return false;
  return url.protocol === 'https:' || isLoopback(url);
}
