import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { environment, eventually, World } from '../support/gateway';
import { GatewayProcess } from '../support/gateway-process';
import { RedisCluster } from '../support/redis-cluster';
import { RedisSentinel } from '../support/redis-sentinel';
import type { Store } from '../support/redis-server';

const wide = { burst: 5000, drainPerSecond: 500 };
const wideEnv = { B24_BURST: '5000', B24_DRAIN_PER_SECOND: '500' };

async function twoReplicas(
  world: World<Store>,
  env: Record<string, string>,
): Promise<[GatewayProcess, GatewayProcess]> {
  const settings = environment(world.redis, world.simulator, env);
  return Promise.all([GatewayProcess.start(settings), GatewayProcess.start(settings)]);
}

const read = ({ client }: GatewayProcess, { memberId }: SimulatedPortal, deadlineMs = 30_000) =>
  client.get(`/v1/portals/${memberId}/backlogs/fields`, { 'X-Deadline-Ms': `${deadlineMs}` });

describe('over a Redis Cluster of three nodes', () => {
  let world: World<RedisCluster>;
  let replicas: [GatewayProcess, GatewayProcess];

  /** Portals whose keys lie on every node. */
  const portalOnEachNode = async (options: object) => {
    const portals = new Map<number, SimulatedPortal>();
    while (portals.size < world.redis.nodes.length) {
      const portal = await world.simulator.addPortal(options);
      const node = await world.redis.nodeOf(`b24:{${portal.memberId}}:grant`);
      if (portals.has(node.port)) continue;
      await world.install(replicas[0].client, portal);
      portals.set(node.port, portal);
    }
    return portals;
  };
  const launch = async (env: Record<string, string>) => {
    world = await World.over(RedisCluster.start(), { rotation: 'strict' });
    replicas = await twoReplicas(world, env);
  };

  afterEach(async () => {
    await Promise.all(replicas.map((replica) => replica.kill9()));
    await world.stop();
  });

  it('portals of every node are installed, called, refreshed once, renamed, listed and forgotten', async () => {
    await launch(wideEnv);
    const portals = [...(await portalOnEachNode(wide)).values()];
    const [one, two] = replicas;
    const refreshes = world.simulator.oauth.refreshes;
    for (const portal of portals) portal.expireAccessTokens();
    const replies = await Promise.all(portals.flatMap((portal) => [read(one, portal), read(two, portal)]));
    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200));
    expect(world.simulator.oauth.refreshes - refreshes).toBe(portals.length);

    const [first] = portals as [SimulatedPortal];
    const named = await one.client.call('PATCH', `/v1/portals/${first.memberId}`, { alias: 'first' });
    expect([named.status, (await two.client.get('/v1/portals/first')).body.memberId]).toEqual([200, first.memberId]);
    expect((await two.client.get('/v1/portals')).body.items).toHaveLength(portals.length);
    const key = await one.client.call('POST', '/v1/clients', { name: 'planning', scopes: ['backlog:read'] });
    expect([key.status, (await two.client.get('/v1/clients')).body.items.length]).toEqual([201, 1]);
    expect((await one.client.call('DELETE', '/v1/portals/first')).status).toBe(204);
    expect((await two.client.get('/v1/portals/first')).status).toBe(404);
  }, 90_000);

  it('one bucket of each portal holds for both replicas, so that none is tripped', async () => {
    await launch({ B24_BURST: '10', B24_DRAIN_PER_SECOND: '2' });
    const backlogs = [{ id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 }];
    const portals = [...(await portalOnEachNode({ burst: 10, drainPerSecond: 2, backlogs })).values()];
    const write = (replica: GatewayProcess, { memberId }: SimulatedPortal) =>
      replica.client.call('PATCH', `/v1/portals/${memberId}/backlogs/1`, { groupId: 125 });
    const calls = portals.flatMap((portal) => replicas.flatMap((it) => [1, 2, 3, 4, 5].map(() => write(it, portal))));
    const replies = await Promise.all(calls);
    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200));
    expect(portals.map((portal) => portal.refusedByBucket)).toEqual([0, 0, 0]);
  }, 90_000);

  it('callers of one portal that wait on both replicas share its trips', async () => {
    await launch({ B24_BURST: '5', B24_DRAIN_PER_SECOND: '2' });
    const groups = Array.from({ length: 2000 }, (_, i) => i + 1);
    const backlogs = groups.map((groupId) => ({ id: groupId, groupId, createdBy: 1, modifiedBy: 1 }));
    const portals = [...(await portalOnEachNode({ burst: 5, drainPerSecond: 2, groups, backlogs })).values()];
    const carried = async () => {
      const metrics = await Promise.all(replicas.map(({ client }) => client.get<string>('/metrics')));
      return metrics.reduce(
        (sum, { body }) => sum + Number(/^b24_calls_sent_by_peer_total (\d+)$/m.exec(body)?.[1]),
        0,
      );
    };
    const asked = portals.flatMap(async ({ memberId }) => {
      for (let next = 1; (await carried()) < 60 && next < groups.length; next += 20) {
        const some = groups.slice(next, next + 20);
        const replies = await Promise.all(
          some.map((id, i) => replicas[i % 2]!.client.get(`/v1/portals/${memberId}/groups/${id}/backlog`)),
        );
        expect(replies.map(({ body }) => body.groupId)).toEqual(some);
      }
    });
    await Promise.all(asked);
    expect(await carried()).toBeGreaterThanOrEqual(60);
    expect(portals.map((portal) => portal.refusedByBucket)).toEqual([0, 0, 0]);
  }, 90_000);

  it('the portals of a node that was killed come back with it, and no replica is started again', async () => {
    await launch(wideEnv);
    const portals = await portalOnEachNode(wide);
    const [one, two] = replicas;
    const [node] = world.redis.nodes;
    const lost = portals.get(node!.port)!;
    await node!.kill();
    const refused = await read(one, lost, 5000);
    expect(refused).toMatchObject({ status: 503, body: { code: 'store_unavailable' } });
    expect((await one.client.get('/health/live')).status).toBe(200);
    await node!.startAgain({ withData: true });
    await world.redis.isWhole();
    for (const portal of portals.values()) {
      for (const replica of [one, two]) await eventually(async () => (await read(replica, portal)).status === 200);
    }
    lost.expireAccessTokens();
    expect((await read(two, lost)).status).toBe(200);
  }, 120_000);
});

describe('over Sentinel', () => {
  let world: World<RedisSentinel>;
  let replicas: [GatewayProcess, GatewayProcess];
  let portal: SimulatedPortal;

  beforeEach(async () => {
    world = await World.over(RedisSentinel.start(), { rotation: 'strict' });
    replicas = await twoReplicas(world, wideEnv);
    portal = await world.installed(replicas[0].client, wide);
  });
  afterEach(async () => {
    await Promise.all(replicas.map((replica) => replica.kill9()));
    await world.stop();
  });

  const goesOn = async () => {
    for (const replica of replicas) await eventually(async () => (await read(replica, portal)).status === 200);
    portal.expireAccessTokens();
    const replies = await Promise.all(replicas.map((replica) => read(replica, portal)));
    expect(replies.map(({ status }) => status)).toEqual([200, 200]);
    expect((await replicas[0].client.get(`/v1/portals/${portal.memberId}`)).body.status).toBe('active');
  };

  it('calls and refreshes go on at the new master after an orderly failover', async () => {
    portal.expireAccessTokens();
    expect((await read(replicas[0], portal)).status).toBe(200);
    await world.redis.failOver();
    await goesOn();
  }, 90_000);

  it('calls and refreshes go on after the master was killed right behind a refresh', async () => {
    portal.expireAccessTokens();
    expect((await read(replicas[0], portal)).status).toBe(200);
    const [master] = world.redis.servers;
    await master.kill();
    await eventually(async () => (await world.redis.masterPort()) !== master.port);
    await goesOn();
  }, 90_000);
});
