import { environment, eventually, type HttpReply, World } from '../support/gateway';
import { GatewayProcess } from '../support/gateway-process';

const wide = { burst: 5000, drainPerSecond: 500 };
const wideEnv = { B24_BURST: '5000', B24_DRAIN_PER_SECOND: '500' };
const backlogs = [{ id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 }];
const narrow = { burst: 5, drainPerSecond: 1, backlogs };
const narrowEnv = { B24_BURST: '5', B24_DRAIN_PER_SECOND: '1' };

/** What a caller may honestly be told when the ground moves under its call. */
const honest = [200, 404, 409, 503, 504];

describe('two replicas over one Redis', () => {
  let world: World;
  let one: GatewayProcess;
  let two: GatewayProcess;

  const launch = async (env: Record<string, string>, options: Parameters<typeof World.start>[0] = {}) => {
    world = await World.start(options);
    const settings = environment(world.redis, world.simulator, env);
    [one, two] = await Promise.all([GatewayProcess.start(settings), GatewayProcess.start(settings)]);
  };
  const ask = (
    count: number,
    memberId: string,
    path: string,
    headers: Record<string, string> = {},
  ): Promise<HttpReply>[] =>
    Array.from({ length: count }, (_, i) => {
      return (i % 2 ? one.client : two.client).get(`/v1/portals/${memberId}${path}`, {
        'X-Deadline-Ms': '30000',
        ...headers,
      });
    });

  /** Writes that name a group may concern any backlog, so they travel alone: each is a request of its own. */
  const write = (count: number, memberId: string, replicas = [one, two]): Promise<HttpReply>[] =>
    Array.from({ length: count }, (_, i) => {
      const path = `/v1/portals/${memberId}/backlogs/1`;
      const { client } = replicas[i % replicas.length]!;
      return client.call('PATCH', path, { groupId: 125 }, { 'X-Deadline-Ms': '30000' });
    });

  afterEach(async () => {
    await Promise.all([one.kill9(), two.kill9()]);
    await world.stop();
  });

  it('refresh an expired token once for 300 callers, and give each its own right answer', async () => {
    await launch(wideEnv, { rotation: 'strict' });
    const groups = Array.from({ length: 300 }, (_, i) => 1000 + i);
    const portal = await world.installed(one.client, {
      ...wide,
      groups,
      backlogs: groups.map((groupId) => ({ id: groupId + 5000, groupId, createdBy: 6, modifiedBy: 1 })),
    });
    world.simulator.oauth.faults.next('slow', { method: 'refresh_token', delayMs: 1500 });
    const before = world.simulator.oauth.refreshes;
    portal.expireAccessTokens();
    const replies = await Promise.all(
      groups.map((groupId, i) =>
        (i % 2 ? one.client : two.client).get(`/v1/portals/${portal.memberId}/groups/${groupId}/backlog`),
      ),
    );
    expect(replies.filter(({ status }) => status !== 200).map(({ body }) => body)).toEqual([]);
    expect(replies.map(({ body }) => body.groupId)).toEqual(groups);
    expect(world.simulator.oauth.refreshes - before).toBe(1);
  });

  it.each([{ withData: true }, { withData: false }])(
    'leave no call hanging when Redis is killed and comes back (with its data: $withData)',
    async ({ withData }) => {
      await launch(narrowEnv);
      const portal = await world.installed(one.client, narrow);
      const calls = write(16, portal.memberId);
      await eventually(() => portal.requests.length > 3);
      await world.redis.written();
      await world.redis.kill();
      await world.redis.startAgain({ withData });
      const replies = await Promise.all(calls);
      expect(replies.map(({ status }) => status).filter((status) => !honest.includes(status))).toEqual([]);
      expect(portal.refusedByBucket).toBe(0);
      if (!withData) await world.install(one.client, portal);
      const later = await Promise.all(ask(2, portal.memberId, '/backlogs/fields'));
      expect(later.map(({ status }) => status)).toEqual([200, 200]);
      expect(portal.refusedByBucket).toBe(0);
    },
    60_000,
  );

  it('refuse in time what needs Redis while it is away, stay alive, and go on when it is back', async () => {
    await launch(wideEnv);
    const portal = await world.installed(one.client, wide);
    await world.redis.written();
    await world.redis.kill();
    const [refused] = await Promise.all(ask(1, portal.memberId, '/backlogs/fields'));
    expect(refused).toMatchObject({ status: 503, body: { code: 'store_unavailable', retryable: true } });
    expect(refused?.headers.get('retry-after')).toMatch(/^\d+$/);
    expect((await one.client.get('/health/live')).status).toBe(200);
    const notReady = await one.client.get('/health/ready');
    expect(notReady).toMatchObject({
      status: 503,
      body: { parts: { store: { ready: false }, replica: { ready: true } } },
    });
    await world.redis.startAgain({ withData: true });
    for (const { client } of [one, two])
      await eventually(async () => (await client.get('/health/ready')).status === 200);
    const [again] = await Promise.all(ask(1, portal.memberId, '/backlogs/fields'));
    expect(again).toMatchObject({ status: 200 });
  });

  it('answer what is under way and tell what waits when one is asked to end', async () => {
    await launch(narrowEnv);
    const portal = await world.installed(one.client, narrow);
    portal.faults.next('slow', { delayMs: 1500, times: 100 });
    const calls = write(8, portal.memberId, [one]);
    // A request that the replica has not read when it ends is lost with its connection, as with any server.
    await eventually(async () => {
      const { body } = await one.client.get<{ queue: { waiting: number } }>(`/v1/portals/${portal.memberId}`);
      return portal.requests.length > 0 && portal.requests.length + body.queue.waiting === 8;
    });
    await one.stop();
    const replies = await Promise.all(calls);
    const codes = replies.map(({ status, body }) => (status === 200 ? 'answered' : (body['code'] as string)));
    expect(new Set(codes)).toEqual(new Set(['answered', 'shutting_down']));
    expect(codes.filter((code) => code === 'answered')).toHaveLength(portal.requests.length);
    expect(one.exitCode).toBe(0);
  }, 60_000);

  it('finish on one replica what another began when it was killed in the middle of a refresh', async () => {
    await launch(wideEnv, { rotation: 'grace' });
    const portal = await world.installed(one.client, wide);
    world.simulator.oauth.faults.next('slow', { method: 'refresh_token', delayMs: 60_000 });
    portal.expireAccessTokens();
    const lost = one.client.get(`/v1/portals/${portal.memberId}/backlogs/fields`).catch(() => undefined);
    await eventually(() => world.simulator.oauth.faults.pending === 0);
    await one.kill9();
    await lost;
    // The lease ends by itself, although the dead replica's request stays open for a minute.
    const headers = { 'X-Deadline-Ms': '30000' };
    const survivor = await two.client.get(`/v1/portals/${portal.memberId}/backlogs/fields`, headers);
    expect(survivor.status).toBe(200);
  }, 60_000);
});
