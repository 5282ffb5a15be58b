import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { type HttpClient, environment, eventually, World } from '../support/gateway';
import { GatewayProcess } from '../support/gateway-process';
import { newFolder, RedisServer } from '../support/redis-server';

const wide = { burst: 5000, drainPerSecond: 500 };
const wideEnv = { B24_BURST: '5000', B24_DRAIN_PER_SECOND: '500' };

/** What docs/backup.md says, step by step, without the shell. */
async function backUp(from: RedisServer): Promise<string> {
  const redis = from.client();
  await redis.bgsave();
  await eventually(async () => (await redis.info('persistence')).includes('rdb_bgsave_in_progress:0'));
  redis.disconnect();
  const folder = await newFolder();
  await copyFile(join(from.folder, 'dump.rdb'), join(folder, 'dump.rdb'));
  return folder;
}

async function restore(folder: string): Promise<RedisServer> {
  // With an append-only file switched on at once, Redis 7 would look for one, find none and start empty.
  const server = await RedisServer.start({ folder, more: ['--appendonly', 'no'] });
  const redis = server.client();
  await redis.config('SET', 'appendonly', 'yes');
  await eventually(async () => appends(await redis.info('persistence')));
  redis.disconnect();
  return server;
}

const appends = (info: string) =>
  ['aof_enabled:1', 'aof_rewrite_in_progress:0', 'aof_rewrite_scheduled:0'].every((it) => info.includes(it));

describe('a backup restored into a fresh Redis', () => {
  let world: World;
  let restored: RedisServer;
  let replica: GatewayProcess;
  let before: HttpClient;

  const status = async (client: HttpClient, memberId: string) =>
    (await client.get(`/v1/portals/${memberId}`)).body.status as string;
  const call = (client: HttpClient, memberId: string) => client.get(`/v1/portals/${memberId}/backlogs/fields`);

  beforeEach(async () => {
    world = await World.start({ rotation: 'strict' });
    before = await world.gateway(wideEnv);
  });
  afterEach(async () => {
    await replica.kill9();
    await restored.stop();
    await world.stop();
  });

  const comeBack = async (folder: string) => {
    await world.closeGateways();
    await world.redis.kill();
    restored = await restore(folder);
    replica = await GatewayProcess.start(environment(restored, world.simulator, wideEnv));
  };

  it('answers for every portal and key, and names those whose tokens were rotated since, with the link that mends', async () => {
    const kept = await world.installed(before, wide);
    const rotated = await world.installed(before, wide);
    const key = await before.call('POST', '/v1/clients', { name: 'planning', scopes: ['backlog:read'] });
    const folder = await backUp(world.redis);
    rotated.expireAccessTokens();
    expect((await call(before, rotated.memberId)).status).toBe(200);
    await comeBack(folder);

    expect((await call(replica.client, kept.memberId)).status).toBe(200);
    kept.expireAccessTokens();
    expect((await call(replica.client, kept.memberId)).status).toBe(200);
    expect((await replica.client.get('/v1/clients')).body.items).toMatchObject([{ id: key.body.id }]);

    rotated.expireAccessTokens();
    const refused = await call(replica.client, rotated.memberId);
    expect(refused.body).toMatchObject({ code: 'reauthorization_required', authorizeUrl: expect.any(String) });
    expect(await status(replica.client, rotated.memberId)).toBe('reauthorization_required');
    await rotated.sendInstallEvent(`${replica.url}/bitrix24/events`);
    await eventually(async () => (await status(replica.client, rotated.memberId)) === 'active');
    expect((await call(replica.client, rotated.memberId)).status).toBe(200);
  }, 90_000);

  it('is durable again: a Redis killed after the restore comes back with what it was given', async () => {
    const portal = await world.installed(before, wide);
    await comeBack(await backUp(world.redis));
    expect((await replica.client.get('/health/ready')).body.warnings).toEqual([]);
    const redis: Redis = restored.client();
    await redis.set('test:after', '1');
    await eventually(async () => (await redis.info('persistence')).includes('aof_pending_bio_fsync:0'));
    redis.disconnect();
    await restored.kill();
    const again = await RedisServer.start({ folder: restored.folder });
    const reader = again.client();
    expect([await reader.get('test:after'), await reader.exists(`b24:{${portal.memberId}}:grant`)]).toEqual(['1', 1]);
    reader.disconnect();
    await again.stop();
  }, 90_000);
});
