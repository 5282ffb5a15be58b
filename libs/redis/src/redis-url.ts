export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

interface RedisLogin {
  readonly username?: string;
  readonly password?: string;
  readonly tls: boolean;
}

/** The address of Redis, parsed from REDIS_URL. */
export type RedisAddress =
  | { readonly kind: 'single'; readonly url: string }
  | (RedisLogin & {
      readonly kind: 'sentinel';
      readonly sentinels: readonly RedisNode[];
      readonly master: string;
      readonly db: number;
      /** The sentinels' own login, if they require one. */
      readonly sentinelUsername?: string;
      readonly sentinelPassword?: string;
    })
  | (RedisLogin & { readonly kind: 'cluster'; readonly nodes: readonly RedisNode[] });

const shape = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^@/?#]*)@)?([^@/?#]+)(\/[^?#]*)?(?:\?([^#]*))?$/;

/**
 * `redis://`, `rediss://`, `redis[s]+sentinel://[user:password@]host:port,…/master[/db][?sentinelPassword=…]`,
 * `redis[s]+cluster://[user:password@]host:port,…`. A password is percent-encoded.
 * @throws Error that says what is wrong and never quotes the URL, which may contain a password
 */
export function parseRedisUrl(url: string): RedisAddress {
  const [, scheme = '', topology, login, hosts = '', path = '', query] = shape.exec(url) ?? [];
  if (!scheme)
    throw new Error('REDIS_URL must be redis://…, redis+sentinel://… or redis+cluster://…, or rediss for TLS.');
  if (!topology) return singlePlace(url);
  const common = { ...loginOf(login), tls: scheme === 'rediss' };
  if (topology === 'cluster') return { kind: 'cluster', ...common, nodes: clusterNodes(hosts, path) };
  const [, master = '', db = '0', ...more] = path.split('/').map(decodeURIComponent);
  if (!master || !/^\d+$/.test(db) || more.length > 0)
    throw new Error('REDIS_URL of Sentinel must name the master: redis+sentinel://host:26379,host:26379/mymaster.');
  const sentinels = nodesOf(hosts, 26_379);
  return { kind: 'sentinel', ...common, sentinels, master, db: Number(db), ...sentinelLogin(query) };
}

function singlePlace(url: string): RedisAddress {
  if (!URL.canParse(url))
    throw new Error('REDIS_URL must name one host; several need redis+sentinel:// or redis+cluster://.');
  return { kind: 'single', url };
}

function clusterNodes(hosts: string, path: string): RedisNode[] {
  if (!/^\/?0?$/.test(path))
    throw new Error('REDIS_URL of a cluster must name no database: a cluster has database 0 only.');
  return nodesOf(hosts, 6379);
}

function nodesOf(hosts: string, usualPort: number): RedisNode[] {
  return hosts.split(',').map((text) => {
    const [, host, port = `${usualPort}`] = /^(\[[0-9a-fA-F:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/.exec(text.trim()) ?? [];
    if (!host || Number(port) > 65_535)
      throw new Error('REDIS_URL must name each node as host:port, with commas between.');
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
  });
}

function loginOf(text: string | undefined): Omit<RedisLogin, 'tls'> {
  if (!text) return {};
  const colon = text.indexOf(':');
  const [username, password] = colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
  return {
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
  };
}

function sentinelLogin(query: string | undefined): { sentinelUsername?: string; sentinelPassword?: string } {
  const given = new URLSearchParams(query);
  const sentinelUsername = given.get('sentinelUsername');
  const sentinelPassword = given.get('sentinelPassword');
  return { ...(sentinelUsername && { sentinelUsername }), ...(sentinelPassword && { sentinelPassword }) };
}
