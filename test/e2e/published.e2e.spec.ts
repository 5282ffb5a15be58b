import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { environment, eventually, World } from '../support/gateway';
import { GatewayProcess } from '../support/gateway-process';

const texts = ['', 'null', '{', '[]', '"x"', '7', '{"by":1}', '{"by":"x","kind":"tell"}', '{"by":"x","kind":"watch"}'];
const words = ['capacity:x', 'capacity-priority:a:b:c', 'blocked:', 'message:{', 'freed:nobody', 'connected'];

describe('what somebody publishes in Redis who may do nothing else there', () => {
  let world: World;
  let replica: GatewayProcess;
  let portal: SimulatedPortal;

  beforeAll(async () => {
    world = await World.start();
    replica = await GatewayProcess.start(environment(world.redis, world.simulator));
    portal = await world.installed(replica.client, { burst: 1000, drainPerSecond: 100 });
  });
  afterAll(async () => {
    await replica.stop();
    await world.stop();
  });

  it('ends no replica, on whichever channel it listens, and calls go on', async () => {
    const call = () => replica.client.get(`/v1/portals/${portal.memberId}/backlogs/fields`);
    expect(await call()).toMatchObject({ status: 200 });
    const redis = world.redis.client();
    const channels = (await redis.pubsub('CHANNELS')) as string[];
    expect(channels).toContain('b24:console:live');
    expect(channels.length).toBeGreaterThan(1);
    for (const channel of channels) for (const text of [...texts, ...words]) await redis.publish(channel, text);
    redis.disconnect();
    await eventually(() => replica.logLines.some((line) => line.includes('a text published to the replicas')));
    expect(await call()).toMatchObject({ status: 200 });
    expect([replica.running, replica.errors]).toEqual([true, '']);
    const failures = replica.logLines.filter((line) => /nobody (?:caught|waited for)/.test(line));
    expect(failures).toEqual([]);
  });
});
