import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { HttpClient, environment, eventually, World } from '../support/gateway';
import { GatewayProcess } from '../support/gateway-process';
import { RedisServer } from '../support/redis-server';
import { RedirectableProxy } from '../support/redirectable-proxy';

const wide = { burst: 5000, drainPerSecond: 500 };
const wideEnv = { B24_BURST: '5000', B24_DRAIN_PER_SECOND: '500' };
const within = (ms: number) => ({ 'X-Deadline-Ms': `${ms}` });

describe('a gateway whose Redis', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;
  let service: HttpClient;

  const fields = (by: HttpClient, name: string, headers: Record<string, string> = {}) =>
    by.get(`/v1/portals/${name}/backlogs/fields`, headers);

  const start = async () => {
    world = await World.start();
    client = await world.gateway(wideEnv);
    portal = await world.installed(client, wide);
    await client.call('PATCH', `/v1/portals/${portal.memberId}`, { alias: 'acme' });
    const made = await client.call('POST', '/v1/clients', { name: 'planning', scopes: ['backlog:read'] });
    service = new HttpClient(client.url, made.body.key as string);
  };

  afterEach(async () => {
    world.redis.thaw();
    await world.stop();
  });

  it('hangs answers each caller by its own deadline, is alive and not ready, and goes on when it does', async () => {
    await start();
    world.redis.freeze();
    const answered: string[] = [];
    const note = async (name: string, call: ReturnType<typeof fields>) => {
      const { status, body } = await call;
      answered.push(name);
      return [status, body.code];
    };
    const reported = await Promise.all([
      note('patient', fields(client, 'acme')),
      note('key', fields(service, portal.memberId, within(300))),
      note('alias', fields(client, 'acme', within(300))),
      note('grant', fields(client, portal.memberId, within(300))),
    ]);
    expect(reported).toEqual([[503, 'store_unavailable'], ...[1, 2, 3].map(() => [504, 'deadline_exceeded'])]);
    expect(answered.at(-1)).toBe('patient');
    expect((await client.get('/health/live')).status).toBe(200);
    expect((await client.get('/health/ready')).status).toBe(503);
    world.redis.thaw();
    await eventually(async () => (await fields(service, 'acme')).status === 200);
    expect((await client.get('/health/ready')).status).toBe(200);
  }, 60_000);

  it('is plainly down refuses at once, not only when patience ends', async () => {
    await start();
    await world.redis.kill();
    await eventually(async () => (await fields(service, 'acme', within(900))).body.code === 'store_unavailable');
    const replies = await Promise.all([
      fields(service, 'acme', within(900)),
      fields(client, 'acme', within(900)),
      fields(client, portal.memberId, within(900)),
    ]);
    expect(replies.map(({ body }) => body.code)).toEqual(replies.map(() => 'store_unavailable'));
    await world.redis.startAgain({ withData: true });
    await eventually(async () => (await fields(service, 'acme')).status === 200);
  }, 60_000);

  it('lost its data knows no portal and no key, and starts anew with the next install', async () => {
    await start();
    await world.redis.kill();
    await world.redis.startAgain({ withData: false });
    await eventually(async () => (await fields(client, portal.memberId)).status === 404);
    expect((await fields(service, portal.memberId)).status).toBe(401);
    await world.install(client, portal);
    expect((await fields(client, portal.memberId)).status).toBe(200);
  }, 60_000);

  it('became a read-only replica behind the same address finds the new master there', async () => {
    world = await World.start();
    const other = await RedisServer.start();
    const proxy = await RedirectableProxy.to(world.redis.port);
    client = await world.gateway({ ...wideEnv, REDIS_URL: `redis://127.0.0.1:${proxy.port}` });
    portal = await world.installed(client, wide);
    const [old, next] = [world.redis.client(), other.client()];
    await next.replicaof('127.0.0.1', world.redis.port);
    await eventually(async () => (await next.exists(`b24:{${portal.memberId}}:grant`)) === 1);
    await next.replicaof('NO', 'ONE');
    await old.replicaof('127.0.0.1', other.port);
    proxy.lead(other.port);
    portal.expireAccessTokens();
    expect((await fields(client, portal.memberId)).status).toBe(200);
    for (const redis of [old, next]) redis.disconnect();
    await world.closeGateways();
    proxy.close();
    await other.stop();
  }, 60_000);

  it('is away at the start is waited for, alive, and used when it comes', async () => {
    world = await World.start();
    await world.redis.kill();
    const replica = await GatewayProcess.start(environment(world.redis, world.simulator, wideEnv));
    expect((await replica.client.get('/health/live')).status).toBe(200);
    expect((await replica.client.get('/v1/portals')).body.code).toBe('store_unavailable');
    await world.redis.startAgain({ withData: true });
    await eventually(async () => (await replica.client.get('/health/ready')).status === 200);
    portal = await world.installed(replica.client, wide);
    expect((await fields(replica.client, portal.memberId)).status).toBe(200);
    await replica.stop();
  }, 60_000);

  it('is being migrated by another replica takes no call until that is done', async () => {
    world = await World.start();
    const redis = world.redis.client();
    await redis.hset('b24:schema', { version: 0, migrator: 'another', untilMs: Date.now() + 600_000 });
    await world.redis.kill();
    const waiting = await GatewayProcess.start(environment(world.redis, world.simulator));
    await world.redis.startAgain({ withData: true });
    await eventually(async () => {
      const { body } = await waiting.client.get('/health/ready');
      return (body.parts.store.detail as string).includes('not checked yet');
    });
    expect((await waiting.client.get('/v1/portals')).body.code).toBe('store_unavailable');
    await redis.hset('b24:schema', { version: 1 });
    redis.disconnect();
    await eventually(async () => (await waiting.client.get('/v1/portals')).status === 200);
    await waiting.stop();
  }, 60_000);

  it('holds newer data than the build knows is refused, at the start and when it was away then', async () => {
    world = await World.start();
    const redis = world.redis.client();
    await redis.hset('b24:schema', 'version', 99);
    redis.disconnect();
    const settings = environment(world.redis, world.simulator);
    await expect(GatewayProcess.start(settings)).rejects.toThrow('Redis holds data of version 99');
    await world.redis.kill();
    const waiting = await GatewayProcess.start(settings);
    await world.redis.startAgain({ withData: true });
    await eventually(() => !waiting.running);
    expect([waiting.exitCode, waiting.errors]).toEqual([1, expect.stringContaining('data of version 99')]);
  }, 60_000);

  it('may evict or forget is warned of in readiness, the log and a metric, and is used all the same', async () => {
    world = await World.start();
    const redis = world.redis.client();
    await redis.config('SET', 'maxmemory', '100mb');
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await redis.config('SET', 'appendonly', 'no');
    redis.disconnect();
    client = await world.gateway();
    await eventually(async () => ((await client.get('/health/ready')).body.warnings as string[]).length === 2);
    const { status, body } = await client.get('/health/ready');
    expect([status, body.status, body.warnings]).toEqual([
      200,
      'ready',
      [expect.stringContaining('Set noeviction'), expect.stringContaining('Set appendonly yes')],
    ]);
    expect((await client.get<string>('/metrics')).body).toContain('b24_redis_durable 0');
    const logged = world.logLines.filter((line) => line.includes('"durability"') && line.includes('"error"'));
    expect(logged).toHaveLength(2);
  }, 60_000);

  it('keeps everything is not warned of', async () => {
    await start();
    await eventually(async () => (await client.get<string>('/metrics')).body.includes('b24_redis_durable 1'));
    expect((await client.get('/health/ready')).body.warnings).toEqual([]);
  });
});
