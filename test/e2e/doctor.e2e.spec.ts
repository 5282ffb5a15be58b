import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { CommandLine } from '../support/command-line';
import { adminKey, type HttpClient, encryptionKeys, environment, World } from '../support/gateway';
import { freePort, RedisServer } from '../support/redis-server';

interface Finding {
  readonly check: string;
  readonly state: string;
  readonly detail: string;
}

describe('the doctor', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;
  let line: CommandLine;
  let env: Record<string, string>;
  const password = 'r3dis-passw0rd-canary';

  /** What it found, by check, with its exit code. */
  const look = async (more: Record<string, string> = {}, words: string[] = []) => {
    const { code, stdout, stderr } = await line.run(['doctor', '--json', ...words], { env: more });
    expect(stderr).toBe('');
    const { healthy, checks } = JSON.parse(stdout) as { healthy: boolean; checks: Finding[] };
    expect([code, healthy]).toEqual(checks.some(({ state }) => state === 'problem') ? [1, false] : [0, true]);
    const unhealthy = checks.filter(({ state }) => state !== 'ok');
    return { code, checks, unhealthy: unhealthy.map(({ check, state, detail }) => [check, state, detail]) };
  };
  const found = (check: string, state: string, ...words: string[]) => [
    check,
    state,
    expect.stringMatching(new RegExp(words.map((it) => it.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*'))),
  ];

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway();
    portal = await world.installed(client, { burst: 1000, drainPerSecond: 100 });
    env = { ...environment(world.redis, world.simulator), PORT: new URL(client.url).port };
    line = new CommandLine(env);
  });
  afterAll(() => world.stop());

  it('finds nothing where all is well, and says what it looked at', async () => {
    const { code, checks, unhealthy } = await look();
    expect([code, unhealthy]).toEqual([0, []]);
    expect(checks.map(({ check }) => check)).toEqual([
      ...['settings', 'redis', 'durability', 'redis_clock', 'authorization_server', 'server_clock'],
      ...['gateway', 'key', 'portals', 'public_url'],
    ]);
    const { stdout } = await line.run(['doctor']);
    expect(stdout).toMatch(/^✓ settings +All settings are valid\.\n/);
    expect(stdout).toMatch(/\nno problems, no warnings\.\n$/);
  });

  it('looks at a gateway elsewhere by its URL and a key alone, and marks what only its own machine can see', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'b24-doctor-'));
    const away = new CommandLine({ B24_GATEWAY_URL: client.url, B24_GATEWAY_KEY: adminKey, DATA_DIR: folder });
    const { code, stdout, stderr } = await away.run(['doctor', '--json']);
    const { checks } = JSON.parse(stdout) as { checks: Finding[] };
    expect([code, stderr, checks.map(({ check, state }) => [check, state])]).toEqual([
      0,
      '',
      [
        ...[
          ['settings', 'skipped'],
          ['redis', 'skipped'],
          ['authorization_server', 'skipped'],
        ],
        ...[
          ['gateway', 'ok'],
          ['key', 'ok'],
          ['portals', 'ok'],
        ],
      ],
    ]);
    expect((await away.run(['doctor'])).stdout).toMatch(/^– settings[^]*\nno problems, no warnings\.\n$/);
    const wrongKey = await away.run(['doctor', '--json'], { env: { B24_GATEWAY_KEY: 'b24_wrong' } });
    expect([wrongKey.code, wrongKey.stdout]).toEqual([1, expect.stringContaining('key_invalid')]);
    const gone = `http://127.0.0.1:${await freePort()}`;
    const nobody = await away.run(['doctor', '--json'], { env: { B24_GATEWAY_URL: gone } });
    expect([nobody.code, nobody.stdout]).toEqual([1, expect.stringContaining('No gateway answers')]);
    await rm(folder, { recursive: true });
  });

  it('names every setting that is wrong, as the start does, and goes on with what it can', async () => {
    const { unhealthy } = await look({ B24_BURST: 'many', QUEUE_LIMIT: '0', ADMIN_KEY: `short-canary` });
    expect(unhealthy).toEqual([
      found('settings', 'problem', 'ADMIN_KEY must have at least 32'),
      found('settings', 'problem', 'B24_BURST must be a whole number'),
      found('settings', 'problem', 'QUEUE_LIMIT must be from 1'),
      found('authorization_server', 'skipped', 'settings'),
      found('key', 'problem', 'key_invalid'),
      found('public_url', 'skipped', 'settings'),
    ]);
    const { unhealthy: noStore } = await look({ REDIS_URL: `http://:${password}@127.0.0.1` });
    expect(noStore).toContainEqual(found('redis', 'skipped', 'REDIS_URL is missing or wrong'));
    expect(line.said).not.toContain('short-canary');
  });

  it('tells of a Redis that evicts and keeps no append-only file, once each', async () => {
    const forgetful = await RedisServer.start({
      more: ['--appendonly', 'no', '--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'],
    });
    const { code, unhealthy } = await look({ REDIS_URL: forgetful.url });
    expect([code, unhealthy]).toEqual([
      1,
      [
        found('durability', 'problem', 'Redis evicts', 'allkeys-lru', 'Set noeviction'),
        found('durability', 'problem', 'no append-only file', 'Set appendonly yes'),
      ],
    ]);
    const mild = forgetful.client();
    await mild.config('SET', 'appendonly', 'yes');
    await mild.config('SET', 'maxmemory', '0');
    mild.disconnect();
    const { code: calm, unhealthy: warned } = await look({ REDIS_URL: forgetful.url });
    expect([calm, warned]).toEqual([0, [found('durability', 'warning', 'harmless while maxmemory is 0')]]);
    await forgetful.stop();
  });

  it('tells of a Redis that is down, hangs, or refuses the login', async () => {
    const port = await freePort();
    const down = await look({ REDIS_URL: `redis://user:${password}@127.0.0.1:${port}` });
    expect(down.unhealthy).toEqual([found('redis', 'problem', `127.0.0.1:${port}`, 'ECONNREFUSED', 'REDIS_URL')]);
    const locked = await RedisServer.start();
    const redis = locked.client();
    await redis.config('SET', 'requirepass', password);
    const wrong = await look({ REDIS_URL: `redis://:not-${password}@127.0.0.1:${locked.port}` });
    expect(wrong.unhealthy).toEqual([found('redis', 'problem', 'refuses the login', 'WRONGPASS')]);
    const none = await look({ REDIS_URL: locked.url });
    expect(none.unhealthy).toEqual([found('redis', 'problem', 'refuses the login', 'NOAUTH')]);
    const right = await look({ REDIS_URL: `redis://:${password}@127.0.0.1:${locked.port}` });
    expect(right.unhealthy).toEqual([]);
    redis.disconnect();
    locked.freeze();
    const frozen = await look({ REDIS_URL: locked.url });
    expect(frozen.unhealthy).toEqual([found('redis', 'problem', 'does not answer')]);
    locked.thaw();
    await locked.stop();
  }, 60_000);

  it('tells when the clock of this machine goes wrong, by Redis and by the authorization server', async () => {
    for (const [skewMs, way] of [
      [7_200_000, '1 h ahead of|2 h ahead of'],
      [-7_200_000, '1 h behind|2 h behind'],
    ] as const) {
      const options = `--require ${resolve('test/support/skewed-clock.cjs')}`;
      const { code, unhealthy } = await look({ SKEW_MS: `${skewMs}`, NODE_OPTIONS: options });
      const reported = (check: string) => [check, 'problem', expect.stringMatching(new RegExp(`(${way}).*NTP`))];
      expect([code, unhealthy]).toEqual([1, [reported('redis_clock'), reported('server_clock')]]);
    }
  });

  it('tells when only the authorization server has another time', async () => {
    world.simulator.clock.advance(120_000);
    expect((await look()).unhealthy).toEqual([found('server_clock', 'problem', 'behind', world.simulator.oauthServer)]);
    world.simulator.clock.advance(-120_000);
    expect((await look()).unhealthy).toEqual([]);
  });

  it('tells of an authorization server that can’t be reached, or is ill', async () => {
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    expect((await look({ B24_OAUTH_SERVER: nowhere })).unhealthy).toEqual([
      found('authorization_server', 'problem', nowhere, 'ECONNREFUSED', 'DNS, proxy, firewall'),
    ]);
    world.simulator.oauth.faults.next('html', { status: 502 });
    expect((await look()).unhealthy).toEqual([found('authorization_server', 'problem', 'answers 502', 'status page')]);
  });

  it('tells of a gateway that is down or not ready, and whether its key is any good', async () => {
    const port = `${await freePort()}`;
    expect((await look({ PORT: port })).unhealthy).toEqual([
      found('gateway', 'problem', `127.0.0.1:${port}`, 'Start it'),
    ]);
    const wrongKey = { B24_GATEWAY_KEY: 'b24_wrongkeywrongkeywrongkeywrongkeywrongkey2' };
    expect((await look(wrongKey)).unhealthy).toEqual([found('key', 'problem', 'key_invalid')]);
    const noKey = await look({ B24_GATEWAY_URL: client.url });
    expect(noKey.unhealthy).toEqual([found('key', 'skipped', 'B24_GATEWAY_KEY')]);
    world.redis.freeze();
    const { unhealthy } = await look();
    world.redis.thaw();
    expect(unhealthy).toEqual([
      found('redis', 'problem', 'does not answer'),
      found('gateway', 'problem', 'takes no calls', 'Redis does not answer'),
    ]);
  }, 60_000);

  it('warns of portals that need somebody', async () => {
    portal.revokeFamilies();
    portal.expireAccessTokens();
    await client.get(`/v1/portals/${portal.memberId}/backlogs/fields`);
    const { code, unhealthy } = await look();
    expect([code, unhealthy]).toEqual([
      0,
      [found('portals', 'warning', '1 of 1 portals needs somebody', 'portals --unhealthy')],
    ]);
    await world.install(client, portal);
  });

  it('tells of a public URL that leads nowhere, elsewhere, or in plain http', async () => {
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    expect((await look({ PUBLIC_URL: nowhere })).unhealthy).toEqual([
      found('public_url', 'problem', nowhere, 'ECONNREFUSED', 'reverse proxy'),
    ]);
    const servers: Server[] = [];
    const answering = async (status: number, body: string) => {
      const server = createServer((_, reply) => reply.writeHead(status).end(body)).listen(0, '127.0.0.1');
      servers.push(server);
      await once(server, 'listening');
      return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    };
    for (const elsewhere of [await answering(200, '<p>Welcome</p>'), await answering(404, '{}')])
      expect((await look({ PUBLIC_URL: elsewhere })).unhealthy).toEqual([found('public_url', 'problem', elsewhere)]);
    const plain = await answering(200, '{"status":"live"}');
    expect((await look({ PUBLIC_URL: plain })).unhealthy).toEqual([
      found('metrics', 'warning', 'METRICS_TOKEN'),
      found('public_url', 'warning', 'not https'),
    ]);
    for (const server of servers) server.close();
  });

  it('takes what `npm start` keeps in its folder where the environment says nothing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'b24-doctor-'));
    await mkdir(join(folder, 'redis'));
    const redis = world.redis.client();
    await redis.config('SET', 'requirepass', password);
    const { B24_CLIENT_ID = '', B24_CLIENT_SECRET = '' } = env;
    const oauthPort = new URL(world.simulator.oauthServer).port;
    for (const [name, text] of Object.entries({
      'admin-key': adminKey,
      'encryption-keys': encryptionKeys,
      'redis-port': `${world.redis.port}`,
      'redis-password': password,
      'simulator-ports': `${oauthPort},${new URL(portal.endpoint).port}`,
      'simulator-client-id': B24_CLIENT_ID,
      'simulator-client-secret': B24_CLIENT_SECRET,
    }))
      await writeFile(join(folder, name), `${text}\n`);
    const bare = Object.fromEntries(Object.keys(env).map((name) => [name, '']));
    const { code, checks, unhealthy } = await look({ ...bare, PORT: env['PORT'] ?? '', DATA_DIR: folder });
    expect([code, unhealthy]).toEqual([0, []]);
    expect(checks[0]?.detail).toContain('ADMIN_KEY, ENCRYPTION_KEYS, REDIS_URL');
    expect(checks.map(({ detail }) => detail).join()).toContain(`127.0.0.1:${oauthPort} answers`);
    await redis.config('SET', 'requirepass', '');
    redis.disconnect();
    await rm(folder, { recursive: true });
  });

  it('told no secret in all of this', () => {
    const [, encryptionKey = ''] = encryptionKeys.split(':');
    const secrets = [adminKey, encryptionKey, password, world.simulator.clientSecret, 'wrongkeywrongkey'];
    expect(line.said.length).toBeGreaterThan(10_000);
    expect(secrets.filter((it) => line.said.includes(it))).toEqual([]);
  });
});
