import { environment, World } from '../support/gateway';
import { GatewayProcess } from '../support/gateway-process';

describe('an error that nobody caught', () => {
  let world: World;

  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  it('ends the replica in order: calls under way are answered, it says where and not what, and exits with 1', async () => {
    const NODE_OPTIONS = '--require ./test/support/throws-on-signal.cjs';
    const replica = await GatewayProcess.start({ ...environment(world.redis, world.simulator), NODE_OPTIONS });
    const portal = await world.installed(replica.client, { burst: 1000, drainPerSecond: 100 });
    const before = portal.requests.length;
    portal.faults.next('slow', { delayMs: 500 });
    const call = replica.client.get(`/v1/portals/${portal.memberId}/backlogs/fields`);
    while (portal.requests.length === before) await new Promise((resolve) => setImmediate(resolve));
    await replica.throwInside();
    expect(await call).toMatchObject({ status: 200 });
    expect(replica.exitCode).toBe(1);
    const reported = replica.logLines.filter((line) => line.includes('"level":"fatal"'));
    expect(reported).toHaveLength(1);
    expect(reported[0]).toContain('throws-on-signal.cjs');
    expect([...replica.logLines, replica.errors].filter((line) => line.includes('secret-canary'))).toEqual([]);
  });
});
