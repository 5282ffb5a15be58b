import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { environment, eventually, type HttpReply, World } from '../support/gateway';
import { GatewayProcess } from '../support/gateway-process';

/** A burst so small that permits run out at once, and calls are batched. */
const narrow = { burst: 12, drainPerSecond: 4 };
const narrowEnv = { B24_BURST: '12', B24_DRAIN_PER_SECOND: '4' };
const groups = Array.from({ length: 300 }, (_, i) => 1000 + i);
const callersEach = 8;

describe('three replicas that call one portal', () => {
  let world: World;
  let replicas: GatewayProcess[];
  let portal: SimulatedPortal;

  beforeEach(async () => {
    world = await World.start();
    const settings = environment(world.redis, world.simulator, narrowEnv);
    replicas = await Promise.all([0, 1, 2].map(() => GatewayProcess.start(settings)));
    portal = await world.installed(replicas[0]!.client, {
      ...narrow,
      groups,
      backlogs: groups.map((groupId, i) => ({ id: i + 1, groupId, createdBy: 1, modifiedBy: 1 })),
    });
    portal.requests.length = 0;
  });
  afterEach(async () => {
    await Promise.all(replicas.map((replica) => replica.kill9()));
    await world.stop();
  });

  const backlogOf = (replica: number, groupId: number): Promise<HttpReply> =>
    replicas[replica]!.client.get(`/v1/portals/${portal.memberId}/groups/${groupId}/backlog`, {
      'X-Deadline-Ms': '60000',
    });
  /** Each caller reads groups of its own, one after the other, while `goesOn` returns true. */
  const keepAsking = (goesOn: () => boolean) =>
    Promise.all(
      Array.from({ length: 3 * callersEach }, async (_, caller) => {
        const replies: { asked: number; reply: HttpReply }[] = [];
        const own = groups.slice(caller * 10, caller * 10 + 10);
        for (let i = 0; goesOn(); i++) {
          const asked = own[i % own.length]!;
          replies.push({ asked, reply: await backlogOf(caller % 3, asked) });
        }
        return replies;
      }),
    ).then((all) => all.flat());

  it('batch their calls together, and each caller gets its own answer', async () => {
    const replies = await keepAsking(() => portal.requests.length < 400);
    expect(replies.filter(({ asked, reply }) => reply.status !== 200 || reply.body['groupId'] !== asked)).toEqual([]);
    expect(portal.refusedByBucket).toBe(0);
    const commands = new Map<number, number>();
    for (const { batchOf } of portal.requests) if (batchOf) commands.set(batchOf, (commands.get(batchOf) ?? 0) + 1);
    // More than two replicas have callers.
    expect(Math.max(...commands.values())).toBeGreaterThan(2 * callersEach);
    const metrics = await Promise.all(replicas.map(({ client }) => client.get<string>('/metrics')));
    const carried = metrics.map(({ body }) => Number(/^b24_calls_sent_by_peer_total (\d+)$/m.exec(body)?.[1] ?? 0));
    expect(carried.reduce((sum, it) => sum + it, 0)).toBeGreaterThan(callersEach);
  }, 60_000);

  it('recover when the replica that carried the others’ calls is killed, and retry their reads', async () => {
    await keepAsking(() => portal.requests.length < 100);
    portal.faults.next('slow', { delayMs: 60_000 });
    let carrier: GatewayProcess | undefined;
    const replies = groups.slice(0, 3 * callersEach).map((group, i) =>
      backlogOf(i % 3, group).then(
        (reply) => ({ group, status: reply.status, groupId: reply.body['groupId'], from: replicas[i % 3] }),
        () => ({ group, status: 0, groupId: group, from: replicas[i % 3] }),
      ),
    );
    await eventually(() => portal.faults.pending === 0);
    for (const replica of replicas) {
      const { body } = await replica.client.get<string>('/metrics');
      if (/^b24_requests_in_flight\{.*\} [1-9]/m.test(body)) carrier = replica;
    }
    await carrier!.kill9();
    const all = await Promise.all(replies);
    expect(all.filter(({ group, groupId }) => group !== groupId)).toEqual([]);
    expect(all.filter(({ from }) => from !== carrier).map(({ status }) => status)).toEqual(
      Array.from({ length: 2 * callersEach }, () => 200),
    );
    expect(portal.refusedByBucket).toBe(0);
  }, 90_000);
});
