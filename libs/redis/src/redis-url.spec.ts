import { parseRedisUrl } from './redis-url';

const node = (host: string, port: number) => ({ host, port });

describe('REDIS_URL', () => {
  it.each(['redis://127.0.0.1:6379', 'rediss://user:p%40ss@redis.example:6380/2'])('%s is left to ioredis', (url) => {
    expect(parseRedisUrl(url)).toEqual({ kind: 'single', url });
  });

  it('names sentinels, the master they watch, its login, a database and the sentinels’ own login', () => {
    const url =
      'redis+sentinel://app:p%40s:s@s1:26380,s2,[::1]:26381/mymaster/3?sentinelUsername=w&sentinelPassword=q%26';
    expect(parseRedisUrl(url)).toEqual({
      kind: 'sentinel',
      tls: false,
      username: 'app',
      password: 'p@s:s',
      sentinels: [node('s1', 26380), node('s2', 26379), node('::1', 26381)],
      master: 'mymaster',
      db: 3,
      sentinelUsername: 'w',
      sentinelPassword: 'q&',
    });
  });

  it('names cluster nodes, of which any one is enough, with or without TLS', () => {
    expect(parseRedisUrl('redis+cluster://n1:7000,n2/')).toEqual({
      kind: 'cluster',
      tls: false,
      nodes: [node('n1', 7000), node('n2', 6379)],
    });
    expect(parseRedisUrl('rediss+cluster://:secret@n1')).toEqual({
      kind: 'cluster',
      tls: true,
      password: 'secret',
      nodes: [node('n1', 6379)],
    });
    expect(parseRedisUrl('rediss+sentinel://s1/m')).toMatchObject({ kind: 'sentinel', tls: true, db: 0 });
  });

  it.each([
    ['http://127.0.0.1', 'must be redis://'],
    ['redis://:hidden@a:1,b:2', 'must name one host'],
    ['redis+sentinel://:hidden@s1:26379', 'must name the master'],
    ['redis+sentinel://:hidden@s1/m/x', 'must name the master'],
    ['redis+sentinel://:hidden@s1/m/0/more', 'must name the master'],
    ['redis+cluster://:hidden@n1:7000/1', 'must name no database'],
    ['redis+cluster://:hidden@n1:70000', 'host:port'],
    ['redis+cluster://:hidden@n1:7000,,n2', 'host:port'],
    ['redis+cluster://', 'must be redis://'],
    ['redis+ring://:hidden@n1', 'must be redis://'],
  ])('%s is refused in a sentence that does not repeat the password', (url, words) => {
    expect(() => parseRedisUrl(url)).toThrow(words);
    expect(() => parseRedisUrl(url)).not.toThrow('hidden');
  });
});
