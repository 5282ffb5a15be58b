import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { EventTarget, verified } from '../support/event-target';
import { environment, eventually, World } from '../support/gateway';
import { GatewayProcess } from '../support/gateway-process';
import { VendorEvents } from '../support/vendor-events';

const wide = { burst: 1000, drainPerSecond: 100 };
const settings = {
  EVENT_TARGET_HOSTS: '127.0.0.0/8:*',
  EVENT_TIMEOUT_MS: '60000',
  B24_BURST: '1000',
  B24_DRAIN_PER_SECOND: '100',
};
const fields = (id: number) => ({ 'FIELDS_AFTER][ID': `${id}` });

describe('events, however replicas and Redis fare', () => {
  let world: World;
  let target: EventTarget;
  let portal: SimulatedPortal;
  let secret: string;
  let id: string;
  const replicas: GatewayProcess[] = [];

  const launch = async () => {
    const replica = await GatewayProcess.start(environment(world.redis, world.simulator, settings));
    replicas.push(replica);
    return replica;
  };
  const subscribe = async (replica: GatewayProcess) => {
    portal = await world.installed(replica.client, wide);
    const wanted = { url: target.url, events: ['ONTASKADD'] };
    ({ id, secret } = (await replica.client.call('POST', '/v1/subscriptions', wanted)).body);
  };
  const send = async (replica: GatewayProcess, n: number) => {
    const events = new VendorEvents(world, replica.client);
    expect(await events.post(portal.event('ONTASKADD', fields(n)))).toMatchObject({ status: 200 });
  };
  const waiting = async (replica: GatewayProcess) =>
    (await replica.client.get(`/v1/subscriptions/${id}`)).body.waiting as number;
  const numbers = () => target.arrivals.map(({ text }) => Number(/"ID":"(\d+)"/.exec(text)?.[1])).sort((a, b) => a - b);

  beforeEach(async () => {
    [world, target] = await Promise.all([World.start(), EventTarget.listen()]);
  });
  afterEach(async () => {
    await Promise.all(replicas.splice(0).map((it) => it.kill9()));
    await target.stop();
    await world.stop();
  });

  it('are delivered by another replica when the one that took them was killed in the middle', async () => {
    const one = await launch();
    await subscribe(one);
    target.answer = () => 'never';
    await send(one, 1);
    await eventually(() => target.arrivals.length === 1);
    await one.kill9();
    target.answer = () => ({ status: 204 });
    const two = await launch();
    // The dead replica's hold must end before another may take it; here an operator need not wait for that.
    const redis = world.redis.client();
    const [delivery = '', heldUntil] = await redis.zrange(`b24:{events}:${id}:due`, '0', '0', 'WITHSCORES');
    expect(Number(heldUntil)).toBeGreaterThan(Date.now() + 10_000);
    expect(target.arrivals).toHaveLength(1);
    await redis.zadd(`b24:{events}:${id}:due`, 'XX', Date.now(), delivery);
    redis.disconnect();
    await eventually(() => target.arrivals.length === 2);
    const [first, second] = target.arrivals;
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(verified(second!, secret)).toEqual(verified(first!, secret));
    await eventually(async () => (await waiting(two)) === 0);
  }, 60_000);

  it('are each delivered once by two replicas that both look', async () => {
    const [one, two] = await Promise.all([launch(), launch()]);
    await subscribe(one);
    for (let n = 0; n < 60; n += 4)
      await Promise.all([send(one, n), send(two, n + 1), send(one, n + 2), send(two, n + 3)]);
    await eventually(async () => (await waiting(one)) === 0);
    expect(numbers()).toEqual(Array.from({ length: 60 }, (_, n) => n));
  }, 60_000);

  it('outlive Redis killed and started again, those that came while it was away among them', async () => {
    const one = await launch();
    await subscribe(one);
    await one.client.call('PATCH', `/v1/subscriptions/${id}`, { paused: true });
    for (const n of [1, 2]) await send(one, n);
    // What Redis was given is on its disk by then, as its own settings have it.
    const redis = world.redis.client();
    await redis.call('WAITAOF', 1, 0, 5000).catch(() => redis.bgrewriteaof());
    await redis.config('SET', 'appendfsync', 'always');
    await send(one, 3);
    redis.disconnect();
    await world.redis.kill();
    await send(one, 4);
    await world.redis.startAgain({ withData: true });
    await eventually(async () => (await waiting(one)) === 4);
    await one.client.call('PATCH', `/v1/subscriptions/${id}`, { paused: false });
    await eventually(async () => (await waiting(one)) === 0);
    expect(numbers()).toEqual([1, 2, 3, 4]);
  }, 60_000);
});
