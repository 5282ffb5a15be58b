import type { PortalHosts } from './portal-hosts';

export interface EndpointRules {
  readonly hosts: PortalHosts;
  readonly allowHttp: boolean;
}

/** Where a portal's methods are called. */
export interface PortalEndpoint {
  readonly domain: string;
  /** `https://<domain>/rest/` */
  readonly endpoint: string;
}

/** Returns the endpoint if a token may be sent to it: right scheme, allowed host, path `/rest/` and nothing else. */
export function portalEndpoint(url: string, rules: EndpointRules): PortalEndpoint | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, host, pathname, username, password, search, hash } = new URL(url);
  const plain = !username && !password && !search && !hash && pathname === '/rest/';
  const scheme = protocol === 'https:' || (protocol === 'http:' && rules.allowHttp);
  return plain && scheme && rules.hosts.allows(host, protocol)
    ? { domain: host, endpoint: `${protocol}//${host}/rest/` }
    : undefined;
}
