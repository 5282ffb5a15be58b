import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { environment, eventually, type HttpReply, World } from '../support/gateway';
import { GatewayProcess } from '../support/gateway-process';

const there = { id: 7, groupId: 125, createdBy: 6, modifiedBy: 1 };
const writes = [
  { name: 'add', method: 'POST', path: '/backlogs', body: { groupId: 126, createdBy: 6 }, status: 201 },
  { name: 'update', method: 'PATCH', path: '/backlogs/7', body: { modifiedBy: 6 }, status: 200 },
  { name: 'delete', method: 'DELETE', path: '/backlogs/7', body: undefined, status: 204 },
] as const;
type Write = (typeof writes)[number];

describe('a write whose replica is killed in the middle of it', () => {
  let world: World;
  let two: GatewayProcess;
  let portal: SimulatedPortal;

  const start = () => GatewayProcess.start(environment(world.redis, world.simulator, { B24_CALL_LIMIT_MS: '500' }));
  const send = ({ method, path, body }: Write, by: GatewayProcess, key: string): Promise<HttpReply> =>
    by.client.call(method, `/v1/portals/${portal.memberId}${path}`, body, { 'Idempotency-Key': key });
  const sent = (name: string) => portal.requests.filter(({ method }) => method.endsWith(`backlog.${name}`));

  /** The write is with the portal, and the replica that sent it is dead. */
  const killedDuring = async (write: Write, key: string, afterExecution: boolean) => {
    const one = await start();
    portal = await world.installed(two.client, { groups: [125, 126], backlogs: [there] });
    portal.requests.length = 0;
    portal.faults.next('hang', { method: `tasks.api.scrum.backlog.${write.name}`, afterExecution });
    const lost = send(write, one, key).catch(() => undefined);
    await eventually(() => sent(write.name).length > 0);
    await one.kill9();
    expect(await lost).toBeUndefined();
  };
  const leaseEnds = async () => {
    const redis = world.redis.client();
    for (const name of await redis.keys('b24:write:*')) {
      if (await redis.hexists(name, 'holder')) await redis.hset(name, 'leaseEndsAtMs', Date.now());
    }
    redis.disconnect();
  };
  const done = ({ name }: Write) => {
    const { scrum } = portal;
    if (name === 'add') return scrum.backlogOfGroup(126)?.createdBy === 6;
    return name === 'update' ? scrum.backlogs.get(7)?.modifiedBy === 6 : !scrum.backlogs.has(7);
  };

  beforeAll(async () => {
    world = await World.start();
    two = await start();
  });
  afterAll(async () => {
    await two.kill9();
    await world.stop();
  });

  const deaths = writes.flatMap((write) => [true, false].map((afterExecution) => ({ ...write, afterExecution })));

  it.each(deaths)(
    'is settled by a retry at another: $name, killed after it was done: $afterExecution',
    async ({ afterExecution, ...write }) => {
      const key = `${write.name} ${afterExecution}`;
      await killedDuring(write, key, afterExecution);
      await leaseEnds();
      const reply = await send(write, two, key);
      expect([reply.status, reply.body['code']]).toEqual([write.status, undefined]);
      expect(done(write)).toBe(true);
      if (write.name !== 'update') expect(sent(write.name).filter(({ executed }) => executed)).toHaveLength(1);
      const again = await send(write, two, key);
      expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([write.status, 'true']);
    },
    60_000,
  );

  it('is taken over when the lease of the dead one ends, and not before', async () => {
    const [add] = writes;
    await killedDuring(add, 'lease', true);
    const early = await two.client.call('POST', `/v1/portals/${portal.memberId}/backlogs`, add.body, {
      'Idempotency-Key': 'lease',
      'X-Deadline-Ms': '500',
    });
    expect([early.status, early.body.code, early.body.retryable]).toEqual([409, 'idempotency_conflict', true]);
    const reply = await send(add, two, 'lease');
    expect(reply.status).toBe(201);
    expect(sent('add')).toHaveLength(1);
  }, 60_000);

  it('keeps its lease for as long as it is under way', async () => {
    portal = await world.installed(two.client, { groups: [125, 126] });
    portal.faults.next('slow', { method: 'tasks.api.scrum.backlog.add', delayMs: 12_000 });
    const [add] = writes;
    const replies = await Promise.all([send(add, two, 'long'), send(add, two, 'long')]);
    expect(replies.map(({ status }) => status)).toEqual([201, 201]);
    expect(sent('add')).toHaveLength(1);
  }, 60_000);

  it('is refused, and not run unguarded, while the store is away', async () => {
    portal = await world.installed(two.client, { groups: [125, 126] });
    portal.requests.length = 0;
    await world.redis.kill();
    expect((await send(writes[0], two, 'away')).body['code']).toBe('store_unavailable');
    expect(portal.requests).toEqual([]);
    await world.redis.startAgain({ withData: true });
    await eventually(async () => (await two.client.get('/health/ready')).status === 200);
    expect((await send(writes[0], two, 'away')).status).toBe(201);
  }, 60_000);
});
