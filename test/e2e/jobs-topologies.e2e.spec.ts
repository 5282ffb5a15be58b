import { environment, eventually, World } from '../support/gateway';
import { GatewayProcess } from '../support/gateway-process';
import { RedisCluster } from '../support/redis-cluster';
import { RedisSentinel } from '../support/redis-sentinel';

const add = 'tasks.api.scrum.backlog.add';
const env = { B24_BURST: '1000', B24_DRAIN_PER_SECOND: '100' };
const topologies = [
  ['a cluster', () => RedisCluster.start()],
  ['Sentinel', () => RedisSentinel.start()],
] as const;

describe('a job whose replica is killed', () => {
  it.each(topologies)(
    'goes on at another over %s, and no write of it is sent twice',
    async (_name, start) => {
      const world = await World.over<RedisCluster | RedisSentinel>(start());
      const launch = () => GatewayProcess.start(environment(world.redis, world.simulator, env));
      const one = await launch();
      const portals = await Promise.all(
        [0, 1, 2].map(() => world.simulator.addPortal({ burst: 1000, drainPerSecond: 100, groups: [126] })),
      );
      for (const portal of portals) await one.client.call('POST', '/v1/portals', { webhookUrl: portal.webhookUrl() });
      portals[1]!.faults.next('hang', { method: add, afterExecution: true });
      const call = { method: add, params: { fields: { groupId: 126, createdBy: 6 } } };
      const headers = { Prefer: 'respond-async', 'X-Deadline-Ms': '100000' };
      const { body } = await one.client.call('POST', '/v1/fan-out', { portals: 'all', call }, headers);
      const at = `/v1/jobs/${body.id as string}`;
      await eventually(async () => (await one.client.get(at)).body.progress.done === 2);
      await one.kill9();
      const two = await launch();
      await eventually(async () => (await two.client.get(at)).body.state === 'done');
      expect((await two.client.get(at)).body.progress).toEqual({
        ...{ total: 3, done: 3, failed: 1 },
        byCode: { outcome_unknown: 1 },
      });
      const sent = portals.map(({ requests }) => requests.filter(({ method }) => method === add).length);
      expect(sent).toEqual([1, 1, 1]);
      await two.kill9();
      await world.stop();
    },
    180_000,
  );
});
