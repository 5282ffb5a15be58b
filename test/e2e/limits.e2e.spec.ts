import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { environment, eventually, type HttpReply, World } from '../support/gateway';
import { GatewayProcess } from '../support/gateway-process';

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

  /** The vendor's common plan, read as strictly as its rules can be. */
  const strictest = { burst: 50, drainPerSecond: 2, counting: 'stepwise', countRefused: true, backlogs } as const;

  const callOften = (times: number, { memberId }: SimulatedPortal) =>
    Array.from({ length: times }, (_, i) => {
      // A write that names a group may concern any backlog, so it travels alone: each of these is a request.
      const path = `/v1/portals/${memberId}/backlogs/1`;
      const { client } = i % 2 ? one : two;
      return client.call('PATCH', path, { groupId: 125 }, { 'X-Deadline-Ms': '120000' });
    });

  const neverTripped = (portal: SimulatedPortal, times: number) => {
    expect(portal.refusedByBucket).toBe(0);
    expect(portal.maxLevel).toBeLessThanOrEqual(50);
    expect(portal.requests).toHaveLength(times);
  };

  const faultsOf = (replies: HttpReply[]) => replies.filter(({ status }) => status !== 200).map(({ body }) => body);

  it('never trip the strictest bucket with 120 requests at once, whatever the phase of its second', async () => {
    const portals = await Promise.all(
      phasesMs.map((phaseMs) => world.installed(one.client, { ...strictest, phaseMs })),
    );
    const replies = await Promise.all(portals.flatMap((portal) => callOften(120, portal)));
    expect(faultsOf(replies)).toEqual([]);
    for (const portal of portals) neverTripped(portal, 120);
  }, 180_000);

  it('nor when what has left arrives seconds late', async () => {
    const portal = await world.installed(one.client, { ...strictest });
    const calls = Promise.all(callOften(80, portal));
    await eventually(() => portal.requests.length > 0);
    // The portal lives in this process: what the replicas send meanwhile is counted only afterwards.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4000);
    expect(faultsOf(await calls)).toEqual([]);
    neverTripped(portal, 80);
  }, 180_000);
});
