import { environment, World } from '../support/gateway';
import { GatewayProcess } from '../support/gateway-process';

const callsToEach = 120;
const backlogs = [{ id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 }];
const phasesMs = [0, 125, 250, 375, 500, 625, 750, 875];

describe('two replicas over one Redis', () => {
  let world: World;
  let one: GatewayProcess;
  let two: GatewayProcess;

  beforeAll(async () => {
    world = await World.start();
    const env = environment(world.redis, world.simulator, { LOG_LEVEL: 'info' });
    one = await GatewayProcess.start(env);
    two = await GatewayProcess.start(env);
  });
  afterAll(async () => {
    await Promise.all([one.stop(), two.stop()]);
    await world.stop();
  });

  it(`never trip the strictest bucket with ${callsToEach} requests at once, whatever the phase of its second`, async () => {
    const portals = await Promise.all(
      phasesMs.map((phaseMs) =>
        // The vendor's common plan, read as strictly as its rules can be.
        world.installed(one.client, {
          burst: 50,
          drainPerSecond: 2,
          counting: 'stepwise',
          countRefused: true,
          phaseMs,
          backlogs,
        }),
      ),
    );
    const calls = portals.flatMap(({ memberId }) =>
      Array.from({ length: callsToEach }, (_, i) => {
        // A write that names a group may concern any backlog, so it travels alone: each of these is a request.
        const path = `/v1/portals/${memberId}/backlogs/1`;
        const { client } = i % 2 ? one : two;
        return client.call('PATCH', path, { groupId: 125 }, { 'X-Deadline-Ms': '120000' });
      }),
    );
    const replies = await Promise.all(calls);
    expect(replies.filter((reply) => reply.status !== 200).map((reply) => reply.body)).toEqual([]);
    for (const portal of portals) {
      expect(portal.refusedByBucket).toBe(0);
      expect(portal.maxLevel).toBeLessThanOrEqual(50);
      expect(portal.requests).toHaveLength(callsToEach);
    }
  }, 180_000);
});
